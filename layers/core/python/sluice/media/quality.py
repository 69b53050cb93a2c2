"""Per-title quality: which CRF each rendition needs, from a few seconds encoded at three CRFs and measured by VMAF.

Pure. VMAF compares each rendition with the source at the rendition's own size: a small picture cannot look like a large
one, but it can look like itself. 93 is where the difference to the source is no longer noticed by most viewers
(Netflix Technology Blog, "VMAF: The Journey Continues", 2018: six points are one just noticeable difference).
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from sluice.domain.encoding import VideoCodec
from sluice.domain.quality import RungChoice

TARGET_VMAF = 93.0
MIN_DURATION_S = 300.0  # below, the samples would cost more than a better CRF saves
SAMPLES = 4
SAMPLE_S = 4.0  # two GOPs: rate control has settled in the second
ADDS_NOTHING = 0.8  # of the rendition above: whoever can load the smaller one can nearly always load the larger
NO_GAIN = 0.5  # VMAF: below, fewer bits are worth more
# Around the defaults, in steps that each halve the bits or so; each codec has a scale of its own.
TRIAL_CRFS: Mapping[VideoCodec, tuple[int, ...]] = {
    VideoCodec.H264: (20, 25, 30),
    VideoCodec.HEVC: (22, 27, 32),
    VideoCodec.AV1: (27, 36, 45),
}


class Trial(NamedTuple):
    """One rendition of one sample at one CRF, or the mean of several samples."""

    crf: int
    vmaf: float
    kbps: float


def sample_starts(duration_s: float) -> list[float]:
    """Seconds: in the middle of equal stretches, so that titles and credits weigh no more than they last."""
    return [round(duration_s * (2 * index + 1) / (2 * SAMPLES) - SAMPLE_S / 2, 3) for index in range(SAMPLES)]


def mean_trials(trials: Sequence[Trial]) -> list[Trial]:
    """One per CRF, over all samples, by rising CRF."""
    found = []
    for crf in sorted({trial.crf for trial in trials}):
        same = [trial for trial in trials if trial.crf == crf]
        found.append(Trial(crf, fmean(t.vmaf for t in same), fmean(t.kbps for t in same)))
    return found


def choose(name: str, trials: Sequence[Trial]) -> RungChoice:
    """The fewest bits that reach the target, or nearly the best that can be had under the rendition's cap.

    `trials`: at least one, by rising CRF. Never outside the CRFs that were tried.
    """
    target = min(TARGET_VMAF, max(trial.vmaf for trial in trials) - NO_GAIN)
    reached = max(index for index, trial in enumerate(trials) if trial.vmaf >= target)
    low = trials[reached]
    if reached == len(trials) - 1:
        return RungChoice(name=name, crf=low.crf, vmaf=round(low.vmaf, 2), kbps=round(low.kbps))
    high = trials[reached + 1]
    steps = math.floor((high.crf - low.crf) * (low.vmaf - target) / (low.vmaf - high.vmaf))  # VMAF falls evenly
    share = steps / (high.crf - low.crf)
    kbps = low.kbps * (high.kbps / low.kbps) ** share  # bits fall by a factor per step
    return RungChoice(
        name=name,
        crf=low.crf + steps,
        vmaf=round(low.vmaf + (high.vmaf - low.vmaf) * share, 2),
        kbps=round(kbps),
    )


def drop_useless(choices: Sequence[RungChoice]) -> tuple[RungChoice, ...]:
    """`choices`: of one codec, largest picture first. The largest is always kept."""
    kept: list[RungChoice] = []
    judged: list[RungChoice] = []
    for choice in choices:
        useless = bool(kept) and (choice.kbps or 0) > ADDS_NOTHING * (kept[-1].kbps or math.inf)
        judged.append(choice.model_copy(update={"kept": not useless}))
        if not useless:
            kept.append(choice)
    return tuple(judged)
