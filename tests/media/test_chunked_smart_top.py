"""A long standard source: its copy is cut, the lower renditions follow it in chunks, and all is as in one task."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from sluice.domain.models import AssetVersion
from sluice.media.chunks import ChunkedPlan
from sluice.media.playlists import segment_durations_s
from sluice.service.assembling import assemble
from sluice.service.attempts import Ending
from sluice.service.chunk_parts import encode_part
from sluice.service.chunk_ports import Chunking
from sluice.service.part_rounds import unfinished
from tests.media.clips import Clip, make
from tests.media.measure import Frame, decoded_frames, frames
from tests.media.test_attempt import AT_ONCE, Attempt

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "38", "-bf", "2", "-pix_fmt", "yuv420p")
RARE = ("-g", "1000", "-sc_threshold", "0", "-force_key_frames")
CHUNKS = Chunking(over_s=8, length_s=7)


class Made(NamedTuple):
    attempt: Attempt
    early: AssetVersion
    full: AssetVersion
    folder: Path

    def file(self, name: str) -> Path:
        """A rendition as a player sees it."""
        [rendition] = [one for one in self.full.renditions if one.name == name]
        folder = self.full.rendition_prefix(rendition)
        keys = sorted(key for key in self.attempt.media.objects if key.startswith(folder))  # init.mp4 is the first
        (target := self.folder / f"{name}.mp4").write_bytes(
            b"".join(self.attempt.media.objects[key].body for key in keys)
        )
        return target

    def segments(self, name: str) -> list[float]:
        playlist = self.attempt.media.objects[f"{self.full.playlists_prefix}{name}.m3u8"]
        return segment_durations_s(playlist.body.decode())


def made(attempt: Attempt, folder: Path) -> Made:
    folder.mkdir()
    early, full = sorted(attempt.versions(), key=lambda version: not version.early)
    return Made(attempt, early, full, folder)


def in_one_task(source: Path, folder: Path) -> Made:
    attempt = Attempt(source.read_bytes(), folder / "scratch", AT_ONCE)
    assert attempt.run() is Ending.PUBLISHED
    return made(attempt, folder / "one")


def in_chunks(source: Path, folder: Path) -> tuple[Made, ChunkedPlan]:
    attempt = Attempt(source.read_bytes(), folder / "scratch", CHUNKS)
    assert attempt.run() is Ending.CHUNKED
    result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
    assert result is not None and result.plan_id is not None
    named = {"tenant_id": attempt.job.tenant_id, "job_id": attempt.job.id, "plan_id": result.plan_id}
    row = attempt.records.chunk_plan(**named)
    assert row is not None
    assert (left := unfinished(row, attempt.records)) == ["0", "1"]  # the sound is made
    for part in reversed(left):
        assert encode_part(**named, attempt=1, part=part, deps=attempt.deps) is Ending.FINISHED
    assert assemble(**named, attempt=1, deps=attempt.deps) is Ending.PUBLISHED
    return made(attempt, folder / "chunked"), ChunkedPlan.model_validate_json(row.work)


def keyframes(shown: list[Frame]) -> list[float]:
    return [frame.pts_s for frame in shown if frame.key]


CLIPS = {
    # A clock that rounds the moment of each frame, and a segment of nearly ten seconds.
    "rounded_times": Clip(
        rate="24000/1001", seconds=16, video=(*X264, *RARE, "0,9.7,15.2", "-video_track_timescale", "90000")
    ),
    "times_finer_than_ffmpeg_s": Clip(
        rate="30000/1001", seconds=10, video=(*X264, "-g", "60", "-video_track_timescale", "10000000")
    ),
    "half_of_the_frames": Clip(rate="50", seconds=10, video=(*X264, *RARE, "0,3,6.2,8"), suffix=".mkv"),
    "variable_rate": Clip(
        rate="50",
        seconds=12,
        filters="select='lt(n,100)+not(eq(mod(n,5),3))'",
        video=(*X264, "-bf", "0", *RARE, "0,4,8", "-fps_mode", "vfr"),
    ),
}
STARTS = {"rounded_times": 9.72, "times_finer_than_ffmpeg_s": 6.01, "half_of_the_frames": 6.2, "variable_rate": 8}


@pytest.mark.parametrize("name", CLIPS)
def test_chunks_are_as_one_run(name: str, tmp_path: Path) -> None:
    source = make(replace(CLIPS[name], size="640x360"), tmp_path)
    one = in_one_task(source, tmp_path)
    chunked, plan = in_chunks(source, tmp_path)
    assert plan.copied is not None
    assert [round(float(window.start_s), 2) for window in plan.windows] == [0, STARTS[name]]
    for done in (one, chunked):
        reused = {made.name: made.version_id for made in done.full.renditions}
        assert reused == {"v360": done.early.id, "v240": None, "audio": done.early.id}
    for name in ("v360", "audio"):
        assert chunked.file(name).read_bytes() == one.file(name).read_bytes()
    whole, joined = frames(one.file("v240")), frames(chunked.file("v240"))
    assert joined == whole
    top = frames(chunked.file("v360"))
    assert keyframes(joined) == keyframes(top)
    assert len(top) == chunked.full.frames == one.full.frames == sum(plan.copied.frames)
    assert decoded_frames(chunked.file("v240")) == len(whole)
    for name in ("v360", "v240", "audio"):
        assert chunked.segments(name) == one.segments(name)
