from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.parts import MAX_OBJECT_BYTES, MAX_PARTS, MIB, MIN_PART_SIZE, part_count, part_length, part_size_for


@given(st.integers(1, MAX_OBJECT_BYTES))
def test_parts_cover_the_file_exactly_within_s3s_limits(size: int) -> None:
    part_size = part_size_for(size)
    count = part_count(size, part_size)
    assert MIN_PART_SIZE <= part_size <= 5 * 1024 * MIB and part_size % MIB == 0
    assert 1 <= count <= MAX_PARTS
    assert (count - 1) * part_size + part_length(size, part_size, count) == size
    assert 1 <= part_length(size, part_size, count) <= part_size
