"""Files that Sluice fetches from a URL itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sluice_client.errors import ApiError
from sluice_client.models import Asset, Json
from sluice_client.transport import given, refusal_of


@dataclass(frozen=True)
class IngestSource:
    """What to fetch, and what becomes of it. `headers` go to the URL's own origin only."""

    url: str
    headers: Mapping[str, str] | None = None
    title: str | None = None
    external_id: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] | None = None
    intake_policy_id: str | None = None
    creator_id: str | None = None
    transcode: Literal["auto", "none"] | None = None
    encoding_profile_id: str | None = None

    def body(self) -> dict[str, Any]:
        described = {
            "title": self.title,
            "external_id": self.external_id,
            "tags": list(self.tags),
            "metadata": dict(self.metadata or {}),
            "intake_policy_id": self.intake_policy_id,
            "creator_id": self.creator_id,
            "transcode": self.transcode,
            "encoding_profile_id": self.encoding_profile_id,
        }
        return {"input": given({"url": self.url, "headers": dict(self.headers or {})}), **given(described)}


@dataclass(frozen=True)
class IngestResult:
    """What became of one source of a batch: an asset or an error. `index` counts from 0 in what was given."""

    index: int
    status: int
    asset: Asset | None
    error: ApiError | None

    @classmethod
    def of(cls, data: Json, *, first: int = 0) -> "IngestResult":
        """`first`: how many sources stood before those of this answer."""
        asset, error, status = data["asset"], data["error"], data["status"]
        return cls(
            first + data["index"],
            status,
            None if asset is None else Asset.of(asset),
            None if error is None else refusal_of(error, status),
        )
