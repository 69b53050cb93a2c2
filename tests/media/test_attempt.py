"""A whole attempt with the real programs: from an uploaded file to stored media and a published version."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from functions.transcoder.main import on_terminate
from sluice.adapters.process import ToolRunner
from sluice.domain.errors import ProviderFailure
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, AssetVersion, Job, JobProgress
from sluice.domain.states import AssetState, JobState
from sluice.media.playlists import render_media, render_mpd
from sluice.media.verdicts import NotVideo
from sluice.service.attempts import Ending
from sluice.service.chunk_ports import Chunking
from sluice.service.ports import Create
from sluice.service.transcode import TranscoderDeps, transcode
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.transcoding import FakeMediaObjects, FakeSources, FakeWorkObjects
from tests.media.clips import BINARIES, Clip, make
from tests.media.measure import decoded_frames

AT_ONCE = Chunking(over_s=0, length_s=60)


class Attempt:
    def __init__(self, source: bytes, scratch: Path, chunking: Chunking = AT_ONCE) -> None:
        self.records, self.media, sources = FakeRecords(), FakeMediaObjects(), FakeSources()
        now, ids = FakeClock(), FakeIds()
        tenant, asset, job = ids(Prefix.TENANT), ids(Prefix.ASSET), ids(Prefix.JOB)
        self.asset = Asset(
            id=asset,
            tenant_id=tenant,
            state=AssetState.UPLOADED,
            upload_id="upl",
            playback_ids=(),
            job_id=job,
            **(stamps := {"created_at": now(), "updated_at": now(), "correlation_id": "test"}),
        )
        self.job = Job(
            id=job,
            tenant_id=tenant,
            asset_id=asset,
            state=JobState.QUEUED,
            source_key="uploads/a",
            source_bytes=len(source),
            **stamps,
        )
        self.records.commit(Create(self.asset), Create(self.job))
        sources.objects["uploads/a"] = source
        self.deps = TranscoderDeps(
            records=self.records,
            sources=sources,
            media=self.media,
            tools=ToolRunner(grace_s=5),
            binaries=BINARIES,
            scratch=scratch,
            now=now,
            ids=ids,
            environment="dev",
            processors=2,
            work=FakeWorkObjects(),
            chunking=chunking,
        )

    def run(self) -> Ending:
        job = {"tenant_id": self.job.tenant_id, "job_id": self.job.id}
        return transcode(**job, attempt=1, capacity="FARGATE_SPOT", deps=self.deps)

    def versions(self) -> list[AssetVersion]:
        return [row for row in self.records.rows.values() if isinstance(row, AssetVersion)]

    def stored(self, path: str) -> bytes:
        (body,) = [media.body for key, media in self.media.objects.items() if key.endswith(path)]
        return body


def test_a_clip_becomes_playable_from_what_is_stored(tmp_path: Path) -> None:
    clip = Clip(rate="30000/1001", seconds=7)
    attempt = Attempt(make(clip, tmp_path).read_bytes(), tmp_path / "scratch")
    assert attempt.run() is Ending.PUBLISHED
    fetched: list[bytes] = []

    def fetch(path: str) -> str:
        fetched.append(attempt.stored(f"/{path}"))
        return path

    render_media(attempt.stored("/v240.m3u8").decode(), media_url=fetch)
    (tmp_path / "played.mp4").write_bytes(b"".join(fetched))
    assert len(fetched) == 3
    assert decoded_frames(tmp_path / "played.mp4") == clip.frames
    assert "BaseURL" in render_mpd(attempt.stored("/manifest.mpd").decode(), rendition_base=lambda name: (name, ""))
    assert attempt.stored("/poster.jpg")[:2] == b"\xff\xd8"
    assert list(attempt.deps.scratch.iterdir()) == []


def test_a_standard_clip_is_published_early_by_the_task_where_nobody_else_has(tmp_path: Path) -> None:
    video = (*Clip().video, "-maxrate", "700k", "-bufsize", "700k", "-g", "50")
    attempt = Attempt(make(Clip(size="640x360", video=video), tmp_path).read_bytes(), tmp_path / "scratch")
    assert attempt.run() is Ending.PUBLISHED
    told = [event.type for event in attempt.records.events(attempt.job.tenant_id, attempt.asset.id)]
    assert told == ["transcode.started", "asset.playable", "transcode.ready"]
    early, full = sorted(attempt.versions(), key=lambda version: not version.early)
    assert [rendition.name for rendition in early.renditions] == ["v360", "audio"]
    assert {rendition.name: rendition.version_id for rendition in full.renditions} == {
        "v360": early.id,
        "v240": None,
        "audio": early.id,
    }


def test_an_early_version_that_cannot_be_stored_ends_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = (*Clip().video, "-maxrate", "300k", "-bufsize", "300k", "-g", "50")
    source = make(Clip(size="426x240", seconds=1, video=video), tmp_path).read_bytes()
    attempt = Attempt(source, tmp_path / "scratch")
    put, refused = attempt.media.put_file, []

    def put_file(key: str, path: Path, **options: Any) -> None:
        if not refused:
            refused.append(key)
            raise ProviderFailure
        put(key, path, **options)

    monkeypatch.setattr(attempt.media, "put_file", put_file)
    assert attempt.run() is Ending.PUBLISHED
    assert refused
    assert [version.early for version in attempt.versions()] == [False]


def test_a_text_file_ends_with_its_verdict(tmp_path: Path) -> None:
    attempt = Attempt(b"hello world\n", tmp_path / "scratch")
    with pytest.raises(NotVideo):
        attempt.run()
    result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
    assert result is not None
    assert result.error is not None
    assert result.error.code == "input.not_video"
    assert attempt.media.objects == {}


def test_sigterm_stops_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal arrives while ffmpeg runs: it is ended, the scratch folder wiped, the row says interrupted."""
    attempt = Attempt(make(Clip(size="1280x720", seconds=20), tmp_path).read_bytes(), tmp_path / "scratch")
    before = signal.signal(signal.SIGTERM, on_terminate)
    save = attempt.records.save_progress

    def terminate_while_encoding(progress: JobProgress) -> None:
        save(progress)
        if progress.stage == "encode" and encoders(tmp_path):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(attempt.records, "save_progress", terminate_while_encoding)
    monkeypatch.setattr("sluice.service.progress.PROGRESS_EVERY_S", 0.0)
    try:
        with pytest.raises(SystemExit) as ended:
            attempt.run()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 143
    assert encoders(tmp_path) == []
    assert list(attempt.deps.scratch.iterdir()) == []
    result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
    assert result is not None
    assert result.outcome == "interrupted"


def encoders(folder: Path) -> list[str]:
    """Running programs that were started on a file below `folder`."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], check=True, capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if "libx264" in line and str(folder) in line]
