"""Samples of real encodes, looked at by VMAF: easy pictures get few bits, hard ones what they need."""

from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings, RungSettings
from sluice.domain.quality import RungChoice
from sluice.media.ladder import plan_transcode
from sluice.media.quality import TRIAL_CRFS, VideoCodec
from sluice.service.per_title import apply_choices, sample_quality
from tests.media.clips import BINARIES, ffmpeg
from tests.media.conftest import probe_file

RUNGS = (RungSettings(short_side=240, max_kbps=3000), RungSettings(short_side=180, max_kbps=2000))
TRIED = TRIAL_CRFS[VideoCodec.H264]


def choices(pattern: str, folder: Path) -> tuple[RungChoice, ...]:
    source = folder / "source.mp4"
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")
    ffmpeg("-f", "lavfi", "-i", pattern, "-t", "18", *options, str(source))
    plan = plan_transcode(probe_file(source, folder), EncodingSettings(rungs=RUNGS))
    found = sample_quality(
        source, folder, plan, tools=ToolRunner(), binaries=BINARIES, processors=2, on_stage=lambda *_stage: None
    )
    assert found is not None
    assert not (folder / "trials").exists()
    chosen = apply_choices(plan, found)
    assert [(made.name, made.crf) for made in chosen.video] == [(c.name, c.crf) for c in found if c.kept]
    return found


def test_a_quiet_picture_needs_few_bits(tmp_path: Path) -> None:
    top, low = choices("smptebars=size=426x240:rate=12", tmp_path)
    assert top.crf == TRIED[-1] and top.vmaf is not None and top.vmaf >= 93
    assert top.kept and not low.kept  # a still picture is hardly smaller in fewer pixels


def test_a_busy_picture_gets_a_better_crf(tmp_path: Path) -> None:
    noise = "testsrc2=size=426x240:rate=12,noise=alls=30:allf=t"
    top, _ = choices(noise, tmp_path)
    assert top.crf < TRIED[-1]
    assert top.vmaf == pytest.approx(93, abs=1.5)


def test_what_cannot_be_sampled_keeps_its_defaults(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=426x240:rate=12", "-t", "2", str(source))
    probed = probe_file(source, tmp_path)
    plan = plan_transcode(probed.model_copy(update={"duration_s": 400.0}), EncodingSettings(rungs=RUNGS))
    assert (  # samples at 48 s and later hold no picture
        sample_quality(
            source, tmp_path, plan, tools=ToolRunner(), binaries=BINARIES, processors=2, on_stage=lambda *_stage: None
        )
        is None
    )
