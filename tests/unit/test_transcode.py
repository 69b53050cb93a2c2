"""A transcode that succeeds: what it publishes, where it stores it, what it tells on the way."""

from pathlib import Path

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.models import JobProgress
from sluice.domain.states import AssetState, JobState
from sluice.service.attempts import Ending
from tests.unit.transcoding import Bench

IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def test_publishing(bench: Bench) -> None:
    assert bench.run() is Ending.PUBLISHED
    asset = bench.world.records.asset(bench.tenant, bench.asset.id)
    assert asset is not None
    assert (asset.state, asset.playable, asset.duration_s) == (AssetState.READY, True, 12.0)
    assert asset.active_version is not None
    version = bench.world.records.asset_version(bench.tenant, asset.id, asset.active_version)
    assert version is not None
    assert (version.frames, version.has_poster, version.attempt) == (300, True, 1)
    assert [(r.name, r.kind, r.width, r.height, r.bitrate) for r in version.renditions] == [
        ("v360", "video", 640, 360, 2000),
        ("v240", "video", 426, 240, 2000),
        ("audio", "audio", None, None, 2000),
    ]
    assert (bench.job.state, bench.job.version_id) == (JobState.SUCCEEDED, version.id)
    assert bench.job.started_at == bench.job.finished_at == bench.world.now()
    assert bench.result().outcome == "succeeded"
    assert bench.events()[-2:] == ["transcode.started", "transcode.ready"]


def test_what_is_stored(bench: Bench) -> None:
    bench.run()
    prefix = f"{bench.tenant}/{bench.asset.id}/{bench.job.version_id}"
    stored = {key.replace(prefix, "V"): media.content_type for key, media in bench.media.objects.items()}
    segments = ("seg-00001.m4s", "seg-00002.m4s")
    assert stored == {
        **{f"media/V/{name}/init.mp4": "video/mp4" for name in ("v360", "v240")},
        **{f"media/V/{name}/{file}": "video/iso.segment" for name in ("v360", "v240") for file in segments},
        **{f"media/V/audio/{file}": "audio/mp4" for file in ("init.mp4", *segments)},
        **{f"media/V/{name}.jpg": "image/jpeg" for name in ("poster", "storyboard-001")},
        "media/V/preview.mp4": "video/mp4",
        "media/V/preview.webp": "image/webp",
        **{f"playlists/V/{name}.m3u8": "application/vnd.apple.mpegurl" for name in ("master", "v360", "v240", "audio")},
        **{f"playlists/V/{name}-iframe.m3u8": "application/vnd.apple.mpegurl" for name in ("v360", "v240")},
        "playlists/V/manifest.mpd": "application/dash+xml",
    }
    assert {media.cache_control for media in bench.media.objects.values()} == {IMMUTABLE}
    metadata = {"correlation-id": "cor-1", "job-id": bench.job_id, "attempt": "1"}
    assert all(media.metadata == metadata for media in bench.media.objects.values())
    assert list(bench.scratch.iterdir()) == []


def test_progress_is_written_per_stage_and_every_few_seconds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[JobProgress] = []
    monkeypatch.setattr(bench.world.records, "save_progress", seen.append)
    bench.tools.on_run = lambda _task: bench.world.now.tick(seconds=5)
    bench.run()
    assert [(row.stage, row.percent) for row in seen] == [
        ("download", 0),
        ("probe", 4),
        ("encode", 10),
        ("encode", 47.5),
        ("package", 85),
        ("upload", pytest.approx(88, abs=1)),
    ]
    assert seen[3].realtime_factor == 2.5


def test_progress_that_cannot_be_written_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_progress: JobProgress) -> None:
        raise ProviderFailure

    monkeypatch.setattr(bench.world.records, "save_progress", fail)
    assert bench.run() is Ending.PUBLISHED
