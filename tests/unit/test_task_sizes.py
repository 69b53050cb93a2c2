"""The size of a task: combinations that Fargate has, and room for what a source becomes."""

import pytest

from sluice.config import ApiUploadsSettings
from sluice.domain.task_sizes import MAX_DISK_GIB, MIN_DISK_GIB, SHORT_BYTES, transcode_size

GIB = 1 << 30
SIZES = [0, 1, SHORT_BYTES, SHORT_BYTES + 1, GIB, 5 * GIB, 22 * GIB, 100_000_000_000, 5 << 40]
# AWS: task size combinations, memory in MiB
MEMORY = {2048: range(4096, 16_385, 1024), 4096: range(8192, 30_721, 1024)}


@pytest.mark.parametrize("source_bytes", SIZES)
def test_fargate_has_such_tasks(source_bytes: int) -> None:
    size = transcode_size(source_bytes)
    assert size.memory_mib in MEMORY[size.cpu]
    assert MIN_DISK_GIB <= size.storage_gib <= MAX_DISK_GIB
    assert size.memory_mib >= 2048 * size.vcpus  # what an encode at 1080p may take


def test_a_larger_source_never_gets_a_smaller_task() -> None:
    sizes = [transcode_size(source_bytes) for source_bytes in SIZES]
    for smaller, larger in zip(sizes, sizes[1:], strict=False):
        assert smaller.cpu <= larger.cpu and smaller.storage_gib <= larger.storage_gib
    assert [transcode_size(n).cpu for n in (SHORT_BYTES, SHORT_BYTES + 1)] == [2048, 4096]


def test_the_largest_source_fits_twice_beside_its_copy() -> None:
    """`max_transcode_bytes` and the disk belong together."""
    largest = ApiUploadsSettings.model_fields["max_transcode_bytes"].default
    assert transcode_size(largest).storage_gib * GIB >= 2 * largest
