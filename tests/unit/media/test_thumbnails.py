"""Which rendition and segment hold a frame, as pure choices."""

import pytest

from sluice.domain.renditions import Rendition
from sluice.media.thumbnails import FramePlace, find_frame, frame_argv, looks_like_jpeg, picture_argv, source_of

PLAYLIST = """#EXTM3U
#EXT-X-MAP:URI="v720/init.mp4"
#EXTINF:6.000,
v720/seg-00001.m4s
#EXTINF:6.000,
v720/seg-00002.m4s
#EXTINF:2.000,
v720/seg-00003.m4s
#EXT-X-ENDLIST
"""


@pytest.mark.parametrize(
    ("time_s", "segment", "at_s"),
    [(0, 1, 0), (5.999, 1, 5.999), (6, 2, 0), (11, 2, 5), (13.5, 3, 1.5), (14.7, 3, 2.7)],
)
def test_a_time_is_found_in_its_segment(time_s: float, segment: int, at_s: float) -> None:
    place = find_frame(PLAYLIST, time_s)
    assert place == FramePlace("v720/init.mp4", f"v720/seg-0000{segment}.m4s", pytest.approx(at_s))


def test_a_playlist_without_segments_has_no_frame() -> None:
    assert find_frame("#EXTM3U\n", 0) is None


def test_the_largest_h264_rendition_is_taken() -> None:
    def made(name: str, codec: str, height: int, kind: str = "video") -> Rendition:
        return Rendition.model_validate(
            {"name": name, "kind": kind, "codec": codec, "bitrate": 1, "width": height * 2, "height": height}
        )

    hevc, small, large = made("h", "hvc1.2.4", 2160), made("s", "avc1.4d", 360), made("l", "avc1.64", 1080)
    sound = made("a", "mp4a.40.2", 0, "audio")
    assert source_of([hevc, small, large, sound]) == large
    assert source_of([hevc, sound]) is None


@pytest.mark.parametrize("argv", [frame_argv("/bin/ffmpeg", "file", 1.5), picture_argv("/bin/ffmpeg", "file")])
def test_a_file_is_opened_under_the_limits_of_hostile_ones(argv: list[str]) -> None:
    options = argv[: argv.index("-i")]
    for option in ("-protocol_whitelist", "-format_whitelist", "-max_pixels", "-f"):
        assert option in options, option
    assert options[options.index("-protocol_whitelist") + 1] == "file"


def test_a_jpeg_is_told_by_its_first_bytes() -> None:
    assert looks_like_jpeg(b"\xff\xd8\xff\xe1")
    for head in (b"", b"\xff\xd8", b"\x89PNG", b"GIF89a", b"<svg", b"#EXTM3U"):
        assert not looks_like_jpeg(head), head
