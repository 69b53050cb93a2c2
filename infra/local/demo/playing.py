"""Plays the result back as a player would, over the CDN, and holds it against the source frame by frame."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import urllib3

from sluice.adapters.process import locate_binaries

TIMEOUT = urllib3.Timeout(connect=5, read=60)
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')


class PlaybackFailed(RuntimeError):
    """A URL that should play does not."""


@dataclass(frozen=True)
class Variant:
    """One EXT-X-STREAM-INF of the master playlist."""

    url: str
    bitrate: int  # average, bit/s
    height: int | None
    codec: str


@dataclass(frozen=True)
class Frames:
    """What decoding a file gives: every frame's timestamp, in order of display."""

    count: int
    duration_s: float
    frame_s: float  # mean distance of two frames
    monotonic: bool
    constant_rate: bool


class Player:
    def __init__(self) -> None:
        redirects_only = urllib3.Retry(None, connect=0, read=0, status=0, redirect=3)
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=redirects_only)

    def status(self, url: str) -> int:
        return int(self._http.request("GET", url, redirect=False).status)

    def fetch(self, url: str) -> bytes:
        answer = self._http.request("GET", url)
        if answer.status != 200:
            raise PlaybackFailed(f"GET {_without_query(url)} answered {answer.status}")
        return bytes(answer.data)

    def variants(self, master_url: str) -> list[Variant]:
        """Highest first; with audio alone the one variant has no height."""
        lines = self.fetch(master_url).decode().splitlines()
        found = [
            _variant(line, urljoin(master_url, following))
            for line, following in zip(lines, lines[1:], strict=False)
            if line.startswith("#EXT-X-STREAM-INF:")
        ]
        if not found:
            raise PlaybackFailed("the master playlist names no variant")
        return sorted(found, key=lambda variant: (variant.height or 0, variant.bitrate), reverse=True)

    def playlist_urls(self, master_url: str) -> list[str]:
        """Of every rendition: variants, sound, and I-frames for trick play."""
        lines = self.fetch(master_url).decode().splitlines()
        named = [_attributes(line).get("URI", "") for line in lines if line.startswith("#EXT-X-")]
        plain = [line for line in lines if line and not line.startswith("#")]
        return [urljoin(master_url, uri) for uri in (*named, *plain) if uri]

    def media_urls(self, playlist_url: str) -> list[str]:
        """Initialization segment and every media segment, in order of play."""
        urls: list[str] = []
        for line in self.fetch(playlist_url).decode().splitlines():
            if line.startswith("#EXT-X-MAP:"):
                urls.append(urljoin(playlist_url, _attributes(line)["URI"]))
            elif line and not line.startswith("#"):
                urls.append(urljoin(playlist_url, line))
        return urls

    def download(self, urls: list[str], path: Path, on_segment: Callable[[int], None]) -> None:
        """One after the other into one file, which then is a fragmented MP4."""
        with path.open("wb") as file:
            for done, url in enumerate(urls, start=1):
                file.write(self.fetch(url))
                on_segment(done)


def unsigned(url: str) -> str:
    return _without_query(url)


def decode(path: Path) -> Frames | None:
    """Decode the first video stream to its end; None when there is none. Raises PlaybackFailed."""
    shown = _ffprobe(path, "v:0", "frame=best_effort_timestamp_time")
    times = [float(frame["best_effort_timestamp_time"]) for frame in shown.get("frames", [])]
    if len(times) < 2:
        return None
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    frame_s = (times[-1] - times[0]) / (len(times) - 1)
    return Frames(
        count=len(times),
        duration_s=times[-1] - times[0] + frame_s,
        frame_s=frame_s,
        monotonic=min(gaps) > 0,
        # timestamps are rounded to the container's time base: a millisecond in Matroska
        constant_rate=max(gaps) - min(gaps) < 0.0025,
    )


def container_duration(path: Path) -> float:
    shown = _ffprobe(path, "a:0", "format=duration")
    return float(shown["format"]["duration"])


def _ffprobe(path: Path, stream: str, entries: str) -> dict[str, Any]:
    command = [locate_binaries().ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", stream]
    ended = subprocess.run(
        [*command, "-show_entries", entries, "-of", "json", str(path)], capture_output=True, check=False
    )
    if ended.returncode:
        raise PlaybackFailed(f"{path.name} does not decode: {ended.stderr.decode(errors='replace')[-500:]}")
    return dict(json.loads(ended.stdout))


def _variant(line: str, url: str) -> Variant:
    fields = _attributes(line)
    width_height = fields.get("RESOLUTION", "").split("x")
    return Variant(
        url=url,
        bitrate=int(fields.get("AVERAGE-BANDWIDTH") or fields["BANDWIDTH"]),
        height=int(width_height[1]) if len(width_height) == 2 else None,
        codec=fields.get("CODECS", ""),
    )


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line)}


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query=""))
