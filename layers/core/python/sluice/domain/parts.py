"""How an upload is cut into multipart parts. Limits: S3 takes 10,000 parts of 5 MiB to 5 GiB, the last one exempt."""

MIB = 1024 * 1024
MIN_PART_SIZE = 8 * MIB
MAX_PARTS = 10_000
MAX_OBJECT_BYTES = MAX_PARTS * 5 * 1024 * MIB  # 48.8 TiB


def part_size_for(size_bytes: int) -> int:
    """The part size that keeps `size_bytes` within 10,000 parts: at least 8 MiB, a whole number of MiB."""
    smallest = -(-size_bytes // MAX_PARTS)
    return max(MIN_PART_SIZE, -(-smallest // MIB) * MIB)


def part_count(size_bytes: int, part_size: int) -> int:
    return -(-size_bytes // part_size)


def part_length(size_bytes: int, part_size: int, number: int) -> int:
    """Exact length in bytes of part `number` (from 1); the last part is what remains."""
    return min(part_size, size_bytes - (number - 1) * part_size)
