"""Pictures of every shape: rungs, sizes, rotation, pixel shape; with and without sound."""

from pathlib import Path

import pytest

from sluice.service.pictures import Pictures
from sluice.service.rendering import Rendered
from tests.media.clips import Clip, ffmpeg, make
from tests.media.conftest import Render, probe_file, render_file
from tests.media.measure import decoded_frames, durations, joined, streams

LOSSLESS_ODD = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")  # 4:2:0 has no odd sizes


def sizes(rendered: Rendered) -> dict[str, tuple[int, int]]:
    """As coded in the media."""
    found = {}
    for rendition in rendered.plan.video:
        (stream,) = streams(joined(rendered, rendition.name))
        assert stream["sample_aspect_ratio"] == "1:1"
        assert stream["pix_fmt"] == "yuv420p"
        found[rendition.name] = (stream["width"], stream["height"])
    return found


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        (Clip(size="1920x1080", seconds=1), {
            "v1080": (1920, 1080), "v720": (1280, 720), "v480": (854, 480), "v360": (640, 360), "v240": (426, 240),
        }),
        (Clip(size="360x640"), {"v360": (360, 640), "v240": (240, 426)}),
        (Clip(size="427x241", video=LOSSLESS_ODD), {"v240": (426, 240)}),
        (Clip(size="851x479", video=LOSSLESS_ODD), {"v480": (850, 478), "v360": (640, 360), "v240": (426, 240)}),
        (Clip(size="176x144"), {"v144": (176, 144)}),
        (Clip(size="320x240", filters="setsar=4/3"), {"v240": (426, 240)}),
        (Clip(size="400x300"), {"v240": (320, 240)}),
    ],
    ids=["1080p", "portrait", "odd", "nearly_480", "tiny", "wide_pixels", "between_rungs"],
)  # fmt: skip
def test_rungs(clip: Clip, expected: dict[str, tuple[int, int]], render: Render) -> None:
    rendered = render(clip)
    assert sizes(rendered) == expected
    assert {r.name: (r.width, r.height) for r in rendered.renditions if r.kind == "video"} == expected
    assert rendered.frames == clip.frames
    assert all(decoded_frames(joined(rendered, name)) == clip.frames for name in expected)
    assert rendered.pictures.has_poster


def test_rotation_is_applied(tmp_path: Path) -> None:
    upright, source, out = make(Clip(), tmp_path), tmp_path / "source", tmp_path / "out"
    ffmpeg("-display_rotation", "90", "-i", str(upright), "-c", "copy", "-f", "mp4", str(source))
    out.mkdir()
    rendered = render_file(source, out)
    assert sizes(rendered) == {"v240": (240, 426)}
    assert rendered.plan.source.video is not None
    assert rendered.plan.source.video.rotation == 90
    (stream,) = streams(joined(rendered, "v240"))
    assert "side_data_list" not in stream  # else players would turn it once more


def test_without_sound(render: Render) -> None:
    rendered = render(Clip(sound=False))
    assert [r.name for r in rendered.renditions] == ["v240"]
    assert "AUDIO" not in (rendered.directory / "master.m3u8").read_text()


def test_sound_alone(render: Render) -> None:
    rendered = render(Clip(picture=False, seconds=13))
    assert [(r.name, r.kind, r.codec) for r in rendered.renditions] == [("audio", "audio", "mp4a.40.2")]
    assert rendered.frames is None
    assert rendered.pictures == Pictures()
    assert rendered.duration_s == pytest.approx(13, abs=0.05)
    assert durations(rendered, "audio")[:2] == [pytest.approx(6, abs=0.03)] * 2
    master = (rendered.directory / "master.m3u8").read_text()
    assert "#EXT-X-STREAM-INF" in master
    assert master.splitlines()[-1] == "audio.m3u8"
    assert 'contentType="audio"' in (rendered.directory / "manifest.mpd").read_text()


def test_a_picture_on_a_sound_file_is_no_video(tmp_path: Path) -> None:
    sound, covered = make(Clip(picture=False), tmp_path), tmp_path / "covered.mp4"
    still = ("-f", "lavfi", "-i", "testsrc2=size=300x300:rate=1")
    kind = ("-c:a", "copy", "-c:v", "mjpeg", "-disposition:v", "attached_pic")
    ffmpeg("-i", str(sound), *still, "-map", "0", "-map", "1", "-t", "1", *kind, str(covered))
    found = probe_file(covered, tmp_path)
    assert found.video is None
    assert found.audio is not None


def test_surround_becomes_stereo(render: Render) -> None:
    rendered = render(Clip(output=("-ac", "6")))
    (stream,) = streams(joined(rendered, "audio"))
    assert (stream["channels"], stream["sample_rate"]) == (2, "48000")
