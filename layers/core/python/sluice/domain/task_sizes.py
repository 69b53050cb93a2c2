"""How large a Fargate task has to be for its source: processors, memory and disk, in the combinations that Fargate has.

By the size of the file, the one thing that is known before anybody has looked inside.
"""

from math import ceil

from sluice.domain.model import Model

SHORT_BYTES = 64 << 20  # about a minute of HD: it is encoded before more processors would have paid off
DISK_PER_SOURCE = 8  # source, its stream copy, and renditions of three times its size, which packaging needs twice
MIN_DISK_GIB, MAX_DISK_GIB = 21, 200  # what Fargate takes


class TaskSize(Model):
    cpu: int  # 1,024 is one vCPU
    memory_mib: int
    storage_gib: int

    @property
    def vcpus(self) -> int:
        return self.cpu // 1024


def transcode_size(source_bytes: int) -> TaskSize:
    """At most 4 vCPU: a new account may have no more than 6, and long sources are encoded in several tasks.

    Memory is that of a 4K source, which a short file can be as well as a long one.
    """
    cpu = 2048 if source_bytes <= SHORT_BYTES else 4096
    disk = MIN_DISK_GIB + ceil(DISK_PER_SOURCE * source_bytes / (1 << 30))
    return TaskSize(cpu=cpu, memory_mib=8192, storage_gib=min(MAX_DISK_GIB, disk))
