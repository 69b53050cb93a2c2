"""CRC32C of a file and of its parts: the storage refuses bytes that arrive otherwise.

It needs the extra `sluice-client[checksum]`: in Python itself it would take minutes for a gigabyte.
"""

from base64 import b64encode
from pathlib import Path

BLOCK = 1 << 20


def crc32c(path: Path, offset: int = 0, length: int | None = None) -> str:
    """Base64, as S3 writes it; of all that follows without `length`. Raises OSError; ImportError without the extra."""
    from google_crc32c import extend  # imported late: it is an extra

    crc, left = 0, length
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while block := file.read(BLOCK if left is None else min(BLOCK, left)):
            crc = extend(crc, block)
            left = None if left is None else left - len(block)
    return b64encode(crc.to_bytes(4, "big")).decode()
