"""Files that are not what they seem: each ends with its typed verdict, quickly, and opens nothing beyond itself."""

from pathlib import Path

import pytest

from sluice.media.verdicts import Corrupt, NoStreams, NotVideo, SourceRejected, TooLarge, UnsupportedCodec
from tests.media.clips import Clip, ffmpeg, make
from tests.media.conftest import probe_file, render_file

SECRET = b"-----the task's own secret-----"


def refused(content: bytes, folder: Path) -> SourceRejected:
    source = folder / "source"
    source.write_bytes(content)
    (folder / "out").mkdir()
    with pytest.raises(SourceRejected) as caught:
        render_file(source, folder / "out")
    return caught.value


@pytest.mark.parametrize(
    "content",
    [b"hello world\n" * 500, b"", b"\x00" * 4096, b"<html><body>Not found</body></html>", b"%PDF-1.7\n" + b"x" * 999],
    ids=["text", "empty", "zeros", "html", "pdf"],
)
def test_what_never_was_a_video(content: bytes, tmp_path: Path) -> None:
    error = refused(content, tmp_path)
    assert isinstance(error, NotVideo)
    assert error.code == "input.not_video"
    assert error.error_class == "input"
    assert not error.retryable


@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile victim.mp4\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nvictim.mp4\n#EXT-X-ENDLIST\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        b'<Representation id="0" bandwidth="1" mimeType="video/mp4"><BaseURL>victim.mp4</BaseURL></Representation>'
        b"</AdaptationSet></Period></MPD>",
        b"v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
    ids=["ffconcat", "hls", "dash", "sdp"],
)
def test_a_script_that_names_another_file_is_no_video(content: bytes, tmp_path: Path) -> None:
    make(Clip(seconds=1), tmp_path).rename(tmp_path / "victim.mp4")
    assert isinstance(refused(content, tmp_path), NotVideo)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.8])
@pytest.mark.parametrize("index_first", [True, False], ids=["index_first", "index_last"])
def test_a_file_cut_short(kept: float, index_first: bool, tmp_path: Path) -> None:
    flags = ("-movflags", "+faststart") if index_first else ()
    whole = make(Clip(seconds=10, output=flags), tmp_path).read_bytes()
    error = refused(whole[: int(len(whole) * kept)], tmp_path)
    assert isinstance(error, Corrupt)
    assert error.code == "input.corrupt"


def test_a_matroska_file_cut_short(tmp_path: Path) -> None:
    """It has no index that the probe could check: the encode finds it."""
    whole = make(Clip(seconds=10, suffix=".mkv"), tmp_path).read_bytes()
    assert isinstance(refused(whole[: len(whole) // 2], tmp_path), Corrupt)


def test_sound_cut_short(tmp_path: Path) -> None:
    whole = make(Clip(seconds=10, picture=False, output=("-movflags", "+faststart")), tmp_path).read_bytes()
    assert isinstance(refused(whole[: len(whole) // 2], tmp_path), Corrupt)


def test_a_video_whose_frames_are_noise(tmp_path: Path) -> None:
    whole = bytearray(make(Clip(seconds=2, sound=False), tmp_path).read_bytes())
    start = whole.index(b"mdat") + 4
    end = whole.index(b"moov") - 4
    whole[start:end] = bytes((7 * i) % 251 for i in range(end - start))
    assert isinstance(refused(bytes(whole), tmp_path), Corrupt)


def test_a_picture_of_too_many_pixels(tmp_path: Path) -> None:
    huge = make(Clip(size="8200x4400", rate="1", seconds=1, sound=False), tmp_path)
    error = refused(huge.read_bytes(), tmp_path)
    assert isinstance(error, TooLarge)


def test_subtitles_alone(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nHello\n")
    ffmpeg("-i", str(tmp_path / "a.srt"), "-c:s", "mov_text", str(tmp_path / "subtitles.mp4"))
    assert isinstance(refused((tmp_path / "subtitles.mp4").read_bytes(), tmp_path), NoStreams)


def test_a_codec_that_is_not_allowed(tmp_path: Path) -> None:
    odd = make(Clip(size="64x64", seconds=1, sound=False, suffix=".avi", video=("-c:v", "asv1")), tmp_path)
    with pytest.raises(UnsupportedCodec):
        probe_file(odd, tmp_path)


def test_a_protected_film(tmp_path: Path) -> None:
    keys = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "11" * 16, "-encryption_kid", "22" * 16)
    error = refused(make(Clip(seconds=1, output=keys), tmp_path).read_bytes(), tmp_path)
    assert error.code == "input.encrypted"


def test_a_declared_sound_track_without_sound_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    spoken = make(Clip(suffix=".mkv"), tmp_path)
    muted = ("-map", "0", "-c", "copy", "-bsf:a", "noise=drop=1", "-f", "matroska")
    ffmpeg("-i", str(spoken), *muted, str(tmp_path / "source"))
    rendered = render_file(tmp_path / "source", tmp_path / "out")
    assert [r.name for r in rendered.renditions] == ["v240"]
