"""What the task that fetches an upload is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sluice.service.ports import Clock, CompletionQueue, Ids, Records, UploadObjects
from sluice.service.source_ports import CopySources, SourceReader


class FetchObjects(UploadObjects, Protocol):
    def upload_part(self, key: str, multipart_id: str, number: int, body: bytearray) -> None:
        """Raises UploadClosed when the multipart upload no longer exists, ProviderFailure."""
        ...


@dataclass(frozen=True, kw_only=True)
class FetchLimits:
    max_bytes: int  # of what will be transcoded
    deadline_s: float
    min_rate_bytes_s: int
    ingest_buckets: frozenset[str]  # that s3:// may name


@dataclass(frozen=True, kw_only=True)
class FetchPorts:
    environment: str
    limits: FetchLimits
    records: Records
    objects: FetchObjects
    sources: SourceReader
    copies: CopySources
    queue: CompletionQueue
    new_id: Ids
    now: Clock
    pause: Callable[[float], None]  # seconds
