"""How large a Fargate task has to be for its source: processors, memory and disk, in the combinations that Fargate has.

The first task's by the size of the file, the one thing that is known before anybody has looked inside. The other tasks
of a job in parts get what their part needs.
"""

from math import ceil

from sluice.domain.model import Model

SHORT_BYTES = 64 << 20  # about a minute of HD: it is encoded before more processors would have paid off
RENDITIONS = 3  # times their source
DISK_PER_SOURCE = 2 + 2 * RENDITIONS  # source, its stream copy, and renditions, which packaging needs twice
DISK_PER_PIECE = 1 + RENDITIONS  # nothing is packaged
DISK_PER_SOUND = 1.5  # source, and its sounds
DISK_PER_RESULT = 3  # joined and packaged renditions, and the chunks of the one that is being joined
MIN_DISK_GIB, MAX_DISK_GIB = 21, 200  # what Fargate takes


class TaskSize(Model):
    cpu: int  # 1,024 is one vCPU
    memory_mib: int
    storage_gib: int

    @property
    def vcpus(self) -> int:
        return self.cpu // 1024

    @property
    def overrides(self) -> dict[str, str | int]:
        """As RunTask wants them: processor units and MiB are strings there."""
        return {"cpu": str(self.cpu), "memory": str(self.memory_mib), "storage_gib": self.storage_gib}


def transcode_size(source_bytes: int) -> TaskSize:
    """At most 4 vCPU: a new account may have no more than 6, and long sources are encoded in several tasks.

    Memory is that of a 4K source, which a short file can be as well as a long one.
    """
    cpu = 2048 if source_bytes <= SHORT_BYTES else 4096
    return TaskSize(cpu=cpu, memory_mib=8192, storage_gib=_disk(DISK_PER_SOURCE * source_bytes))


def chunk_size(whole: TaskSize, piece_bytes: int) -> TaskSize:
    """As fast as the job's first task, whose room it takes, with disk for its own piece only."""
    return whole.model_copy(update={"storage_gib": _disk(DISK_PER_PIECE * piece_bytes)})


def sound_size(source_bytes: int) -> TaskSize:
    """Sound is encoded by one thread for each track, from the whole source."""
    return TaskSize(cpu=2048, memory_mib=4096, storage_gib=_disk(DISK_PER_SOUND * source_bytes))


def assembly_size(result_bytes: int) -> TaskSize:
    """`result_bytes`: of all parts' files. Joining and packaging mostly wait for disk and network."""
    return TaskSize(cpu=2048, memory_mib=8192, storage_gib=_disk(DISK_PER_RESULT * result_bytes))


def largest(*sizes: TaskSize) -> TaskSize:
    """For a task that does one kind of work after the other."""
    return TaskSize(
        cpu=max(size.cpu for size in sizes),
        memory_mib=max(size.memory_mib for size in sizes),
        storage_gib=max(size.storage_gib for size in sizes),
    )


def _disk(needed_bytes: float) -> int:
    return min(MAX_DISK_GIB, MIN_DISK_GIB + ceil(needed_bytes / (1 << 30)))
