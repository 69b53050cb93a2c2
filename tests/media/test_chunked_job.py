"""A long job with the real programs, each of its tasks one after the other."""

from pathlib import Path

from sluice.service.assembling import assemble
from sluice.service.attempts import Ending
from sluice.service.chunk_parts import encode_part
from sluice.service.chunk_ports import Chunking
from tests.media.clips import Clip, make
from tests.media.measure import first_pts_s, streams
from tests.media.test_attempt import Attempt


def test_a_long_film_is_published_from_its_parts(tmp_path: Path) -> None:
    clip = Clip(rate="24000/1001", size="320x240", seconds=13)
    chunking = Chunking(over_s=10, length_s=6.1)
    attempt = Attempt(make(clip, tmp_path).read_bytes(), tmp_path / "scratch", chunking)
    assert attempt.run() is Ending.CHUNKED
    result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
    assert result is not None and result.plan_id is not None
    named = {"tenant_id": attempt.job.tenant_id, "job_id": attempt.job.id, "plan_id": result.plan_id, "attempt": 1}
    for part in ("1", "audio", "0"):
        assert encode_part(**named, part=part, deps=attempt.deps) is Ending.FINISHED
    assert assemble(**named, deps=attempt.deps) is Ending.PUBLISHED
    for name, kind in (("v240", "v"), ("audio", "a")):
        bodies = [attempt.stored(f"/{name}/init.mp4")]
        bodies += [attempt.stored(f"/{name}/seg-{number:05d}.m4s") for number in (1, 2, 3)]
        (joined := tmp_path / f"{name}.mp4").write_bytes(b"".join(bodies))
        [stream] = streams(joined)
        assert abs(float(stream["duration"]) - 13) < 0.1
        assert first_pts_s(joined, f"{kind}:0") < 0.09
    [version] = [row for row in attempt.records.rows.values() if type(row).__name__ == "AssetVersion"]
    assert getattr(version, "frames", None) == clip.frames
    assert attempt.stored("/poster.jpg")[:2] == b"\xff\xd8"
