"""Several tracks of sound: languages, 5.1 as it is, and one loudness."""

import re
import subprocess
from pathlib import Path

import pytest

from sluice.domain.encoding import AudioSettings, EncodingSettings
from sluice.service.rendering import Rendered
from tests.media.clips import BINARIES, ffmpeg
from tests.media.conftest import render_file
from tests.media.measure import assert_aligned, joined, streams

EVERYTHING = EncodingSettings(max_height=120, audio=AudioSettings(languages="all", surround="passthrough"))


def rendered_with(folder: Path, settings: EncodingSettings, *tracks: str, sounds: tuple[str, ...]) -> Rendered:
    """`tracks`: output options of each; `sounds`: their sources."""
    inputs = [word for sound in sounds for word in ("-f", "lavfi", "-i", sound)]
    maps = [word for number in range(len(sounds) + 1) for word in ("-map", str(number))]
    picture = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25")
    made = [word for options in tracks for word in options.split()]
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    ffmpeg(*picture, *inputs, "-t", "7", *maps, *codec, *made, "-f", "mp4", str(folder / "source"))
    (folder / "out").mkdir()
    return render_file(folder / "source", folder / "out", settings)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return rendered_with(
        tmp_path_factory.mktemp("film"),
        EVERYTHING,
        "-c:a:0 aac -ac:a:0 6 -metadata:s:a:0 language=eng",
        "-c:a:1 ac3 -ac:a:1 6 -metadata:s:a:1 language=fre",
        sounds=("sine=440:sample_rate=48000", "sine=880:sample_rate=48000"),
    )


def test_each_language_is_a_rendition_and_5_1_is_copied_beside_it(film: Rendered) -> None:
    assert_aligned(film)
    described = {
        made.name: (made.codec, made.language, made.channels) for made in film.renditions if made.kind == "audio"
    }
    assert described == {
        "audio": ("mp4a.40.2", "en", 2),
        "audio-fr": ("mp4a.40.2", "fr", 2),
        "audio-51": ("mp4a.40.2", "en", 6),
        "audio-fr-51": ("ac-3", "fr", 6),
    }
    for name, (_, _, channels) in described.items():
        (stream,) = streams(joined(film, name))
        assert stream["channels"] == channels


def test_playlists_tell_players_what_to_choose_from(film: Rendered) -> None:
    media = re.findall(r"^#EXT-X-MEDIA:(.*)$", (film.directory / "master.m3u8").read_text(), re.MULTILINE)
    said = [dict(re.findall(r'([A-Z-]+)="?([^",]*)', line)) for line in media]
    assert sorted((one["GROUP-ID"], one["LANGUAGE"], one["NAME"], one["DEFAULT"], one["CHANNELS"]) for one in said) == [
        ("audio", "en", "English", "YES", "2"),
        ("audio", "fr", "French", "NO", "2"),
        ("surround", "en", "English 5.1", "YES", "6"),
        ("surround", "fr", "French 5.1", "NO", "6"),
    ]
    manifest = (film.directory / "manifest.mpd").read_text()
    assert re.findall(r'contentType="audio" lang="(..)"', manifest).count("fr") == 2


def test_sound_is_brought_to_one_loudness_with_one_gain(tmp_path: Path) -> None:
    normalised = EncodingSettings(max_height=120, audio=AudioSettings(loudness="normalise"))
    quiet_then_loud = "sine=440:sample_rate=48000,volume=if(lt(t\\,3)\\,0.1\\,0.3):eval=frame"
    rendered = rendered_with(tmp_path, normalised, "-c:a aac -ac 2", sounds=(quiet_then_loud,))
    before, after = loudness(tmp_path / "source"), loudness(joined(rendered, "audio"))
    assert before < -20
    assert after == pytest.approx(-16, abs=0.5)
    assert rendered.plan.audio[0].gain_db == pytest.approx(-16 - before, abs=0.1)


def loudness(path: Path) -> float:
    argv = [
        BINARIES.ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-af",
        "ebur128",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    return float(re.findall(r"^ +I: +(-[0-9.]+) LUFS", said, re.MULTILINE)[-1])
