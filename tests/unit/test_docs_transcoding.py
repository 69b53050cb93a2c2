"""docs/transcoding.md tells the ladder, and every reason for which a source is not published as a copy."""

import re
from fractions import Fraction
from pathlib import Path

from sluice.domain.encoding import EncodingSettings, VideoCodec
from sluice.media.gate import Refusal
from sluice.media.grid import grid
from sluice.media.ladder import CODINGS, HALVED_FROM, HALVED_UP_TO, LADDER, NEARLY
from tests.unit.media.sources import planned, source, video

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "transcoding.md"


def test_every_refusal_is_documented() -> None:
    rows = [line.split("|")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(Refusal)


def test_the_ladder_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\w+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    slow, fast = (
        planned(source(video=video(width=1920, height=1080, rate=Fraction(rate)))).video for rate in (30, 40)
    )  # 40: none is halved
    told = [(int(side), int(cap), int(more), profile.lower()) for side, cap, more, profile in rows]
    made = zip(LADDER, slow, fast, strict=True)
    assert told == [(rung.short_side, one.max_kbps, other.max_kbps, one.profile) for rung, one, other in made]


def test_its_numbers_are_those_of_the_code() -> None:
    settings, text = EncodingSettings(), DOCUMENT.read_text()
    film = grid(Fraction(24_000, 1001), gop_s=settings.gop_s, segment_s=settings.segment_s)
    for said in (
        f"CRF {CODINGS[VideoCodec.H264].crf}",
        f"Less than {100 - 100 * NEARLY} % below a rung",
        f"{settings.max_fps:g} frames/s at most",
        f"From {HALVED_FROM} frames/s on, rungs of {HALVED_UP_TO} and below",
        f"every {settings.gop_s:g} s, segments of {settings.segment_s:g} s",
        f"{film.gop_frames} and {film.gop_frames * film.gops_per_segment} frames",
        f"AAC stereo at {settings.audio.stereo_kbps} kbit/s",
    ):
        assert said in text, said
