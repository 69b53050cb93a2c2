"""Encoding a few seconds at several CRFs, and measuring what each looks like: two argument lists per sample.

Pure. One process decodes the sample once for all renditions and all CRFs; a second one decodes it again, scales it by
the same graph and compares every trial with it.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from sluice.media import untrusted
from sluice.media.encoders import encoder_options
from sluice.media.ffmpeg import most_bytes
from sluice.media.filters import filter_graph
from sluice.media.ladder import Plan, VideoRendition
from sluice.media.quality import SAMPLE_S, TRIAL_CRFS

EVERY_FIFTH = 5  # frame: VMAF of all of them costs several times what the trial encode does


class TrialFile(NamedTuple):
    made: VideoRendition  # at this CRF
    of: str  # the rendition it is a trial of

    @property
    def path(self) -> str:
        return f"{self.made.name}.mp4"

    @property
    def scores(self) -> str:
        return f"{self.made.name}.json"


def sampled(plan: Plan) -> Plan:
    """What can be measured: no sound, and no HDR, whose brightness VMAF's model does not know."""
    video = tuple(made for made in plan.video if not made.hdr)
    return plan.model_copy(update={"video": video, "audio": ()})


def trial_files(plan: Plan) -> list[TrialFile]:
    return [
        TrialFile(made.model_copy(update={"name": f"{made.name}_{crf}", "crf": crf}), made.name)
        for made in sampled(plan).video
        for crf in TRIAL_CRFS[made.codec]
    ]


def trial_argv(ffmpeg: str, source: str, plan: Plan, *, start_s: float, processors: int) -> list[str]:
    trials = trial_files(plan)
    graph = filter_graph(sampled(plan).model_copy(update={"video": tuple(trial.made for trial in trials)}))
    outputs: list[str] = []
    for trial in trials:
        outputs += [
            "-map", f"[{trial.made.name}]",
            "-fps_mode", "passthrough",
            *encoder_options(trial.made, sampled(plan), threads=processors),
            "-fs", str(most_bytes(trial.made.max_kbps, SAMPLE_S)),
            trial.path,
        ]  # fmt: skip
    return [*_decoding(ffmpeg, source, start_s), "-filter_complex", graph, *outputs]


def scores_argv(ffmpeg: str, source: str, plan: Plan, *, start_s: float, processors: int) -> list[str]:
    """Writes one JSON file per trial, named by `TrialFile.scores`."""
    trials = trial_files(plan)
    files = [option for trial in trials for option in ("-i", trial.path)]
    outputs = [option for trial in trials for option in _discarded(f"scored_{trial.made.name}")]
    graph = ";".join([filter_graph(sampled(plan)), *_comparisons(plan, trials, processors)])
    return [*_decoding(ffmpeg, source, start_s), *files, "-filter_complex", graph, *outputs]


def mean_vmaf(text: str) -> float:
    """Of a file that libvmaf wrote. Raises ValueError, KeyError if it holds no score."""
    return float(json.loads(text)["pooled_metrics"]["vmaf"]["mean"])


def _decoding(ffmpeg: str, source: str, start_s: float) -> list[str]:
    return [
        ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-y",
        "-v", "warning",
        *untrusted.INPUT_OPTIONS,
        "-ss", f"{start_s:.3f}",
        "-t", f"{SAMPLE_S:.3f}",
        "-i", source,
    ]  # fmt: skip


def _comparisons(plan: Plan, trials: list[TrialFile], processors: int) -> Iterator[str]:
    for made in sampled(plan).video:
        own = [trial for trial in trials if trial.of == made.name]
        yield f"[{made.name}]split={len(own)}" + "".join(f"[like_{trial.made.name}]" for trial in own)
    for number, trial in enumerate(trials, start=1):  # input 0 is the source
        name = trial.made.name
        options = f"log_fmt=json:log_path={trial.scores}:n_subsample={EVERY_FIFTH}:n_threads={processors}"
        yield f"[{number}:v][like_{name}]libvmaf={options}[scored_{name}]"


def _discarded(pad: str) -> tuple[str, ...]:
    """Every pad of a graph has to lead somewhere."""
    return ("-map", f"[{pad}]", "-f", "null", "-")
