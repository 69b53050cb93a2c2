"""High dynamic range: which renditions keep it, and the filters of both kinds."""

from typing import Any

import pytest

from sluice.domain.encoding import VideoCodec
from sluice.media.encoders import encoder_options
from sluice.media.filters import filter_graph
from sluice.media.ladder import Plan
from tests.unit.media import test_probe as probed
from tests.unit.media.sources import planned, source, video

PQ = {"transfer": "smpte2084", "primaries": "bt2020", "matrix": "bt2020nc", "pixel_format": "yuv420p10le"}


def hdr(transfer: str = "smpte2084", **settings: Any) -> Plan:
    return planned(source(video=video(**{**PQ, "transfer": transfer}), tracks=()), max_height=240, **settings)


@pytest.mark.parametrize(
    ("codecs", "keep", "expected"),
    [
        ((), "sdr", [("v240", "main", False)]),
        ((), "keep", [("v240", "main", False), ("hevc240", "main10", True)]),
        ((VideoCodec.AV1,), "keep", [("v240", "main", False), ("av240", "main", True)]),
        ((VideoCodec.HEVC,), "sdr", [("v240", "main", False), ("hevc240", "main", False)]),
    ],
)
def test_which_renditions_keep_it(codecs: tuple[VideoCodec, ...], keep: str, expected: list[object]) -> None:
    made = hdr(codecs=codecs, hdr=keep).video
    assert [(one.name, one.profile, one.hdr) for one in made] == expected


def test_an_sdr_source_has_nothing_to_keep() -> None:
    assert not any(made.hdr for made in planned(hdr="keep", codecs=(VideoCodec.HEVC,)).video)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_sdr_is_tone_mapped(transfer: str) -> None:
    first = filter_graph(hdr(transfer))
    assert first == (
        "[0:0]setpts=min(PTS-STARTPTS\\,71/TB),"
        f"zscale=w=426:h=240:tin={transfer}:pin=2020:min=2020_ncl:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
        "tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,setsar=1,format=yuv420p,fps=25/1[v240]"
    )


def test_both_are_made_of_one_decoded_picture() -> None:
    split, kept, mapped = filter_graph(hdr(hdr="keep")).split(";")
    assert split == "[0:0]setpts=min(PTS-STARTPTS\\,71/TB),split=2[sdr][hdr]"
    assert kept == (
        "[hdr]scale=426:240:out_range=tv,"
        "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv,"
        "setsar=1,format=yuv420p10le,fps=25/1[hevc240]"
    )
    assert mapped.startswith("[sdr]zscale=w=426")
    assert mapped.endswith("fps=25/1[v240]")


@pytest.mark.parametrize("codec", list(VideoCodec))
def test_every_encoder_keeps_its_keyframes_on_the_grid(codec: VideoCodec) -> None:
    plan = planned(codecs=(codec,))
    made = next(one for one in plan.video if one.codec is codec)
    options = encoder_options(made, plan, threads=3)
    assert options[options.index("-g") + 1] == "50"
    assert options[options.index("-flags") + 1] == "+cgop"
    assert "3" in " ".join(options)
    no_scene_cuts = {"h264": "-sc_threshold 0", "hevc": "scenecut=0:open-gop=0", "av1": "scd=0"}
    assert no_scene_cuts[codec] in " ".join(options)


@pytest.mark.parametrize(
    ("said", "expected"), [("smpte2084", "smpte2084"), ("unknown", None), (None, None), ("a,movie=/etc/passwd", None)]
)
def test_colours_are_words_or_not_said(said: str | None, expected: str | None) -> None:
    found = probed.found({**probed.VIDEO, **({"color_transfer": said} if said else {})})
    assert found.video is not None
    assert found.video.transfer == expected
