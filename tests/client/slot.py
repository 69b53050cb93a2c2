"""One upload of the fake cloud."""

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import google_crc32c

CRC_HEADER = "x-amz-checksum-crc32c"
Progress = tuple[int, int | None]  # fetched, total


def crc32c(content: bytes) -> str:
    return b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


@dataclass
class Slot:
    upload_id: str
    request: dict[str, Any]
    part_size: int
    state: str = "open"
    parts: dict[int, bytes] = field(default_factory=dict)
    checksums: dict[int, str] = field(default_factory=dict)  # of parts that were signed with one
    stores: Counter[int] = field(default_factory=Counter)  # how often each part was stored
    looks_left: int = 0  # at a completion that takes its time
    joined: bytes | None = None
    fetches: list[Progress] | None = None  # of a fetch from a URL: what looking will show, one after the other
    progress: Progress | None = None

    @property
    def size(self) -> int:
        return int(self.request.get("size_bytes", 0))

    @property
    def crc32c(self) -> str | None:
        """As declared."""
        value = self.request.get("checksum", {}).get("value")
        return None if value is None else str(value)

    @property
    def content(self) -> bytes:
        return b"".join(self.parts[number] for number in sorted(self.parts))

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)

    def length_of(self, number: int) -> int:
        return min(self.part_size, self.size - (number - 1) * self.part_size)
