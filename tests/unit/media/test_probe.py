"""ffprobe's answers -> what the source is, or why it is refused."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.media.probe import Headers, cut_short, parse_source, parse_streams
from sluice.media.source import AudioStream, SourceProbe, VideoStream
from sluice.media.verdicts import (
    Corrupt,
    NoStreams,
    NotVideo,
    SourceRejected,
    TooLarge,
    TooLong,
    UnsupportedCodec,
)

MP4_HEAD = b"\x00\x00\x00\x20ftypisom"
VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 1920,
    "height": 1080,
    "coded_width": 1920,
    "coded_height": 1088,
    "sample_aspect_ratio": "1:1",
    "pix_fmt": "yuv420p",
    "field_order": "progressive",
    "r_frame_rate": "25/1",
    "avg_frame_rate": "25/1",
    "time_base": "1/12800",
    "start_time": "0.080000",
    "duration": "10.000000",
    "nb_frames": "250",
    "disposition": {"attached_pic": 0},
}
AUDIO: dict[str, Any] = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "sample_rate": "44100",
    "channels": 2,
    "start_time": "0.000000",
    "duration": "10.005",
    "disposition": {"attached_pic": 0},
}
FORMAT = {"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "start_time": "0.000000", "duration": "10.080000"}
FRAMES = json.dumps({"packets": [{"pts": 1024 + 512 * n} for n in range(250)]})


def headers(*streams: dict[str, Any], **info: Any) -> Headers:
    return parse_streams(json.dumps({"streams": streams, "format": {**FORMAT, **info}}), "", 0, head=MP4_HEAD)


def found(*streams: dict[str, Any], timing: str = FRAMES, **info: Any) -> SourceProbe:
    return parse_source(headers(*streams, **info), timing)


def test_an_ordinary_file() -> None:
    source = found(VIDEO, AUDIO)
    assert (source.container, source.duration_s, source.duration_stated) == ("mov", 10.08, True)
    assert source.video == VideoStream(
        index=0,
        codec="h264",
        coded_width=1920,
        coded_height=1088,
        width=1920,
        height=1080,
        rotation=0,
        pixel_format="yuv420p",
        interlaced=False,
        rate=Fraction(25),
        variable_rate=False,
        frame_count=250,
        start_s=0.08,
        duration_s=10.0,
    )
    assert source.audio == AudioStream(
        index=1, codec="aac", channels=2, sample_rate=44_100, start_s=0.0, duration_s=10.005
    )


@pytest.mark.parametrize(
    ("side_data", "shape", "expected"),
    [
        ([], "1:1", (1920, 1080)),
        ([{"rotation": -90}], "1:1", (1080, 1920)),
        ([{"rotation": 180}], "1:1", (1920, 1080)),
        ([{"rotation": 90.0}], "4:3", (1080, 2560)),
        ([{"other": 1}], "4:3", (2560, 1080)),
        ([], "1:2", (1920, 2160)),
        ([], "0:1", (1920, 1080)),
        ([], "N/A", None),
    ],
)
def test_the_picture_as_shown(side_data: list[dict[str, Any]], shape: str, expected: tuple[int, int] | None) -> None:
    stream = {**VIDEO, "side_data_list": side_data, "sample_aspect_ratio": shape}
    if expected is None:
        with pytest.raises(Corrupt):
            found(stream)
        return
    source = found(stream)
    assert source.video is not None
    assert (source.video.width, source.video.height) == expected


@pytest.mark.parametrize("order", ["tt", "bb", "tb", "bt"])
def test_interlaced(order: str) -> None:
    source = found({**VIDEO, "field_order": order})
    assert source.video is not None
    assert source.video.interlaced


def test_cover_pictures_are_no_video() -> None:
    cover = {**VIDEO, "codec_name": "mjpeg", "disposition": {"attached_pic": 1}}
    assert headers(cover, AUDIO).video is None
    with pytest.raises(NoStreams):
        headers(cover)


def test_the_first_stream_that_can_be_decoded_is_taken() -> None:
    spatial = {**AUDIO, "index": 2, "codec_name": "apac"}
    assert headers(VIDEO, spatial, {**AUDIO, "index": 3}).tracks == ({**AUDIO, "index": 3},)


@pytest.mark.parametrize("streams", [[{**VIDEO, "codec_name": "asv1"}], [VIDEO, {**AUDIO, "codec_name": "apac"}]])
def test_codecs_that_are_not_allowed(streams: list[dict[str, Any]]) -> None:
    with pytest.raises(UnsupportedCodec):
        headers(*streams)


@pytest.mark.parametrize("codec", ["pcm_s16le", "adpcm_ima_wav", "opus"])
def test_families_of_sound_codecs(codec: str) -> None:
    assert headers({**AUDIO, "codec_name": codec}).tracks


def test_no_streams() -> None:
    with pytest.raises(NoStreams):
        headers({"index": 0, "codec_type": "subtitle"})


def test_too_long() -> None:
    with pytest.raises(TooLong):
        headers(VIDEO, duration="43201")


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        (MP4_HEAD, Corrupt),
        (b"\x1a\x45\xdf\xa3" + b"\x00" * 30, Corrupt),
        (b"RIFF\x00\x00\x00\x00AVI ", Corrupt),
        ((b"G" + b"\x00" * 187) * 2, Corrupt),
        (b"hello world", NotVideo),
        (b"Good morning", NotVideo),
        (b"", NotVideo),
        (b"#EXTM3U", NotVideo),
    ],
)
def test_what_ffprobe_cannot_open(head: bytes, verdict: type[SourceRejected]) -> None:
    with pytest.raises(verdict):
        parse_streams("{}", "moov atom not found", 1, head=head)


def test_too_many_pixels() -> None:
    said = "Picture size 9000x9000 exceeds specified max pixel count 35389440, see the documentation"
    with pytest.raises(TooLarge):
        parse_streams("{\n", said, 1, head=MP4_HEAD)


def test_an_end_that_is_missing() -> None:
    with pytest.raises(Corrupt):
        found(VIDEO, timing=json.dumps({"packets": [{"pts": 1024 + 512 * n} for n in range(200)]}))
    with pytest.raises(Corrupt):
        found(VIDEO, timing=json.dumps({"packets": []}))


def test_containers_without_an_index_are_not_judged_by_their_end() -> None:
    early = json.dumps({"packets": [{"pts": 512 * n} for n in range(100)]})
    source = found(VIDEO, timing=early, format_name="mpegts")
    assert not source.duration_stated


def test_an_edit_list_that_shortens_a_track_is_no_damage() -> None:
    source = found({**VIDEO, "duration": "20.0", "nb_frames": "500"})
    assert source.video is not None
    assert source.video.duration_s == 10.08


@pytest.mark.parametrize(
    ("actual", "expected", "short"),
    [
        (10.0, 10.0, False),
        (9.45, 10.0, False),
        (9.3, 10.0, True),
        (7190, 7200, False),
        (7000, 7200, True),
        (12, 10, False),
    ],
)
def test_how_much_may_be_missing(actual: float, expected: float, short: bool) -> None:
    assert cut_short(actual, expected) is short


@pytest.mark.parametrize("missing", ["width", "time_base", "codec_name", "index"])
def test_a_stream_that_cannot_be_described_is_damage(missing: str) -> None:
    stream = {key: value for key, value in VIDEO.items() if key != missing}
    with pytest.raises((Corrupt, UnsupportedCodec)):
        found(stream)


JSON = st.none() | st.booleans() | st.integers(-10, 10**6) | st.text(max_size=8) | st.just("0/0")


@given(st.dictionaries(st.sampled_from([key for key in VIDEO if key not in ("codec_type", "disposition")]), JSON))
def test_whatever_a_stream_says_ends_in_a_source_or_a_verdict(odd: dict[str, Any]) -> None:
    try:
        source = found({**VIDEO, **odd})
    except SourceRejected:
        return
    assert source.video is not None
    assert source.video.width > 0
    assert 1 <= source.video.rate <= 60


def test_every_verdict_has_a_sentence_and_is_never_retried() -> None:
    verdicts = SourceRejected.__subclasses__()
    assert {verdict.code for verdict in verdicts} == {
        "input.not_video",
        "input.no_streams",
        "input.corrupt",
        "input.too_large",
        "input.too_long",
        "input.too_complex",
        "input.unsupported_codec",
        "input.encrypted",
        "input.timestamp_gap",
    }
    for verdict in verdicts:
        assert verdict.message.endswith(".")
        assert verdict.error_class == "input"
        assert not verdict.retryable
