"""What a demo run found: collected as it goes, printed for people, JSON for scripts."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.local.demo.playing import Variant
from infra.local.demo.receiver import Received


@dataclass
class Report:
    upload_id: str = ""
    asset_id: str = ""
    job_id: str | None = None
    playback_id: str = ""
    hls_url: str | None = None
    dash_url: str | None = None
    states: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    renditions: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float | None = None
    source_duration_s: float | None = None
    decoded_frames: int | None = None
    source_frames: int | None = None
    unsigned_status: int | None = None
    expired_status: int | None = None
    error: dict[str, Any] | None = None
    timings_ms: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def tell_events(self, received: list[Received]) -> None:
        """`received` in order of sequence; states are the distinct `data.state` in that order."""
        self.events = [{"type": one.type, "verified": one.verified} for one in received]
        self.states = list(dict.fromkeys(one.event["data"]["state"] for one in received))
        self.check(all(one.verified for one in received), "a webhook's signature does not verify")

    def tell_variants(self, variants: list[Variant]) -> None:
        self.renditions = [{"height": one.height, "bitrate": one.bitrate, "codec": one.codec} for one in variants]

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def lines(self) -> list[str]:
        """The summary for a person."""
        rungs = ", ".join(f"{one['height']}p" if one["height"] else "audio" for one in self.renditions)
        shown = [
            ("asset", self.asset_id),
            ("states", " → ".join(self.states)),
            ("events", f"{len(self.events)} received, {sum(one['verified'] for one in self.events)} verified"),
            ("renditions", rungs),
            ("played", _seconds(self.duration_s, self.source_duration_s)),
            ("frames", f"{self.decoded_frames} of {self.source_frames}" if self.decoded_frames else ""),
            ("unsigned", str(self.unsigned_status or "")),
            ("expired", str(self.expired_status or "")),
            ("HLS", self.hls_url or ""),
            ("error", f"{self.error['code']}: {self.error['message']}" if self.error else ""),
            ("time", ", ".join(f"{stage} {taken / 1000:.1f} s" for stage, taken in self.timings_ms.items())),
        ]
        return [f"{name:<11}{text}" for name, text in shown if text]


def _seconds(played: float | None, source: float | None) -> str:
    return "" if played is None or source is None else f"{played:.3f} s of {source:.3f} s"
