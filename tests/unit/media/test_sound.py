"""Which tracks of sound become renditions, and as what."""

from typing import Any

import pytest

from sluice.media import ffmpeg, packager
from sluice.media.filters import filter_graph
from sluice.media.languages import language_of
from sluice.media.loudness import gain_db
from sluice.media.source import AudioStream
from tests.unit.media.sources import AUDIO, planned, source


def track(index: int, language: str | None = None, channels: int = 2, codec: str = "aac") -> AudioStream:
    return AUDIO.model_copy(update={"index": index, "language": language, "channels": channels, "codec": codec})


def made(*tracks: AudioStream, **settings: Any) -> list[tuple[str, int, str | None, int, str]]:
    plan = planned(source(tracks=tracks), audio=settings)
    return [(one.name, one.index, one.language, one.channels, one.mode) for one in plan.audio]


def test_the_first_track_alone() -> None:
    assert made(track(1, "deu"), track(2, "eng", 6)) == [("audio", 1, "de", 2, "encode")]
    assert made() == []


def test_one_rendition_per_language() -> None:
    tracks = (track(1, "eng"), track(2, "eng"), track(3, "fre"), track(4), track(5, "und"), track(6, "yue"))
    assert made(*tracks, languages="all") == [
        ("audio", 1, "en", 2, "encode"),
        ("audio-fr", 3, "fr", 2, "encode"),
        ("audio-und", 4, None, 2, "encode"),
        ("audio-yue", 6, "yue", 2, "encode"),
    ]


@pytest.mark.parametrize("codec", ["aac", "ac3", "eac3"])
def test_surround_is_passed_on_beside_stereo(codec: str) -> None:
    assert made(track(1, None, 6, codec), surround="passthrough") == [
        ("audio", 1, None, 2, "encode"),
        ("audio-51", 1, None, 6, "copy"),
    ]


@pytest.mark.parametrize(("codec", "channels"), [("dts", 6), ("aac", 2), ("aac", 8), ("flac", 6)])
def test_what_players_cannot_take_is_not_passed_on(codec: str, channels: int) -> None:
    assert len(made(track(1, None, channels, codec), surround="passthrough")) == 1


def test_surround_is_of_its_own_language() -> None:
    tracks = (track(1, "eng"), track(2, "eng", 6, "ac3"), track(3, "ita", 6, "ac3"), track(4, "spa"))
    assert made(*tracks, surround="passthrough") == [("audio", 1, "en", 2, "encode"), ("audio-51", 2, "en", 6, "copy")]
    assert [(name, index) for name, index, *_ in made(*tracks[:3], surround="passthrough", languages="all")] == [
        ("audio", 1), ("audio-it", 3), ("audio-51", 2), ("audio-it-51", 3),
    ]  # fmt: skip
    everyone = made(*tracks, surround="passthrough", languages="all")
    assert [name for name, *_ in everyone] == ["audio", "audio-it", "audio-es"]  # Spanish has none


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("eng", ("en", "English")),
        ("EN", ("en", "English")),
        ("en-GB", ("en", "English")),
        ("ger", ("de", "German")),
        ("deu", ("de", "German")),
        ("gsw", ("gsw", "gsw")),
        ("und", (None, "Audio")),
        (None, (None, "Audio")),
        ("", (None, "Audio")),
        ("a,b=c", (None, "Audio")),
        ("../../x", (None, "Audio")),
        ("englisch", (None, "Audio")),
    ],
)
def test_language_tags(tag: str | None, expected: tuple[str | None, str]) -> None:
    assert language_of(tag) == expected


def test_a_copied_track_is_moved_with_the_picture() -> None:
    plan = planned(source(tracks=(track(1, None, 6, "ac3"),)), audio={"surround": "passthrough"})
    argv = ffmpeg.encode_argv("/bin/ffmpeg", "/scratch/source", plan, processors=1)
    start = argv.index("0:1")
    moved = r"setts=ts=TS-0.000000/TB,noise=drop=lt(pts+duration\,0)"
    assert argv[start - 1 : start + 5] == ["-map", "0:1", "-c:a", "copy", "-bsf:a", moved]
    assert "audio-51" not in argv[argv.index("-filter_complex") + 1]


def test_descriptors_name_language_and_group() -> None:
    tracks = (track(1, "eng", 6), track(2, "ita", 6, "ac3"))
    plan = planned(source(video=None, tracks=tracks), audio={"languages": "all", "surround": "passthrough"})
    argv = packager.package_argv("/bin/packager", plan, {name: f"{name}.mp4" for name in plan.names})
    assert [word.partition(",playlist_name=")[2] for word in argv[1:5]] == [
        "audio.m3u8,hls_group_id=audio,hls_name=English,language=en",
        "audio-it.m3u8,hls_group_id=audio,hls_name=Italian,language=it",
        "audio-51.m3u8,hls_group_id=surround,hls_name=English 5.1,language=en",
        "audio-it-51.m3u8,hls_group_id=surround,hls_name=Italian 5.1,language=it",
    ]
    assert argv[argv.index("--default_language") + 1] == "en"


SUMMARY = """[Parsed_ebur128_1 @ 0x1] Summary:

  Integrated loudness:
    I:         {} LUFS
    Threshold: -36.2 LUFS

  Loudness range:
    LRA:        21.6 LU

  True peak:
    Peak:       {} dBFS
"""


@pytest.mark.parametrize(
    ("integrated", "peak", "expected"),
    [
        ("-26.2", "-14.0", 10.2),
        ("-26.2", "-5.7", 4.7),  # louder would clip
        ("-9.0", "0.5", -7.0),
        ("-70.0", "-inf", 0.0),
        ("-65.0", "-40.0", 0.0),
        ("-50.0", "-40.0", 20.0),
    ],
)
def test_one_gain_brings_a_track_to_its_loudness(integrated: str, peak: str, expected: float) -> None:
    assert gain_db(SUMMARY.format(integrated, peak)) == expected


def test_a_track_that_could_not_be_measured_is_left_alone() -> None:
    assert gain_db("Error while decoding") == 0.0


def test_the_gain_is_applied_after_the_mix() -> None:
    plan = planned(source(video=None), audio={"loudness": "normalise"})
    (sound,) = plan.audio
    assert sound.normalised
    louder = plan.model_copy(update={"audio": (sound.model_copy(update={"gain_db": 4.7}),)})
    assert filter_graph(louder).endswith("aformat=channel_layouts=stereo,volume=4.70dB[audio]")
    assert "volume" not in filter_graph(plan)
