"""The size of a task: combinations that Fargate has, and room for what a source becomes."""

import pytest

from sluice.config import ApiUploadsSettings
from sluice.domain.task_sizes import (
    MAX_DISK_GIB,
    MIN_DISK_GIB,
    SHORT_BYTES,
    TaskSize,
    assembly_size,
    chunk_size,
    largest,
    sound_size,
    transcode_size,
)

GIB = 1 << 30
SIZES = [0, 1, SHORT_BYTES, SHORT_BYTES + 1, GIB, 5 * GIB, 22 * GIB, 100_000_000_000, 5 << 40]
# AWS: task size combinations, memory in MiB
MEMORY = {2048: range(4096, 16_385, 1024), 4096: range(8192, 30_721, 1024)}


@pytest.mark.parametrize("source_bytes", SIZES)
def test_fargate_has_such_tasks(source_bytes: int) -> None:
    whole = transcode_size(source_bytes)
    chunk = chunk_size(whole, source_bytes // 100)
    for size in (whole, chunk, sound_size(source_bytes), assembly_size(3 * source_bytes), largest(whole, chunk)):
        assert size.memory_mib in MEMORY[size.cpu]
        assert MIN_DISK_GIB <= size.storage_gib <= MAX_DISK_GIB
        assert size.vcpus <= whole.vcpus  # a job in parts never holds less than one of its tasks needs
    assert whole.memory_mib >= 2048 * whole.vcpus  # what an encode at 1080p may take
    assert (chunk.cpu, chunk.memory_mib) == (whole.cpu, whole.memory_mib)


def test_a_task_has_disk_for_what_it_does() -> None:
    """Of an hour in 60 chunks, 6 GiB."""
    whole = transcode_size(6 * GIB)
    piece = GIB // 8
    assert chunk_size(whole, piece).storage_gib == 22 < sound_size(6 * GIB).storage_gib == 30
    assert sound_size(6 * GIB).storage_gib < whole.storage_gib == 69
    assert assembly_size(18 * GIB).storage_gib == 75


def test_one_task_for_several_kinds_of_work_is_as_large_as_each_of_them() -> None:
    one, other = (
        TaskSize(cpu=2048, memory_mib=8192, storage_gib=30),
        TaskSize(cpu=4096, memory_mib=4096, storage_gib=22),
    )
    assert largest(one, other) == TaskSize(cpu=4096, memory_mib=8192, storage_gib=30)


def test_a_larger_source_never_gets_a_smaller_task() -> None:
    sizes = [transcode_size(source_bytes) for source_bytes in SIZES]
    for smaller, larger in zip(sizes, sizes[1:], strict=False):
        assert smaller.cpu <= larger.cpu and smaller.storage_gib <= larger.storage_gib
    assert [transcode_size(n).cpu for n in (SHORT_BYTES, SHORT_BYTES + 1)] == [2048, 4096]


def test_the_largest_source_fits_twice_beside_its_copy() -> None:
    """`max_transcode_bytes` and the disk belong together."""
    largest = ApiUploadsSettings.model_fields["max_transcode_bytes"].default
    assert transcode_size(largest).storage_gib * GIB >= 2 * largest
