"""Per-title quality: encode a few seconds of a source several ways, look at them, and choose for the whole.

Only quality and cost hang on it, never success: where a sample cannot be made, the defaults hold.
"""

import logging
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import Job
from sluice.domain.quality import QualityChoice, RungChoice
from sluice.domain.tools import Binaries, ToolLimitExceeded, ToolLimits, ToolTask
from sluice.media import trials
from sluice.media.ladder import Plan
from sluice.media.quality import MIN_DURATION_S, SAMPLE_S, Trial, choose, drop_useless, mean_trials, sample_starts
from sluice.service.ports import Clock, Records
from sluice.service.rendering import Stage
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)

SAMPLE_DEADLINE_S = 600 + 300 * SAMPLE_S  # an AV1 ladder at three CRFs on one slow processor

Run = Callable[[list[str]], bool]  # True if the program ended well


def refine_plan(
    plan: Plan,
    *,
    job: Job,
    settings: EncodingSettings,
    sample: Callable[[Plan], tuple[RungChoice, ...] | None],
    records: Records,
    now: Clock,
) -> Plan:
    """The plan with what the job has decided, now or in an earlier attempt, where its settings ask for that."""
    if settings.quality != "per_title" or not plan.video:
        return plan
    choice = records.job_quality(job.tenant_id, job.id)
    if choice is None:
        rungs = sample(plan) if worth_sampling(plan) else None
        choice = QualityChoice(
            tenant_id=job.tenant_id,
            job_id=job.id,
            sampled=rungs is not None,
            rungs=rungs or defaults(plan),
            created_at=now(),
        )
        records.save_quality(choice)
        logger.info("quality_chosen", extra={"choice": choice.model_dump(mode="json")})
    return apply_choices(plan, choice.rungs)


def worth_sampling(plan: Plan) -> bool:
    return bool(trials.sampled(plan).video) and (plan.source.duration_s or 0) >= MIN_DURATION_S


def defaults(plan: Plan) -> tuple[RungChoice, ...]:
    return tuple(RungChoice(name=made.name, crf=made.crf) for made in plan.video)


def sample_quality(
    source: Path, work: Path, plan: Plan, *, tools: Tools, binaries: Binaries, processors: int, on_stage: Stage
) -> tuple[RungChoice, ...] | None:
    """One choice per picture rendition of the plan; None if a sample could not be encoded or measured.

    `work`: an existing directory; what is made in it is removed.
    """
    folder = work / "trials"
    folder.mkdir()

    def run(argv: list[str]) -> bool:
        task = ToolTask(argv=tuple(argv), cwd=folder, limits=ToolLimits(deadline_s=SAMPLE_DEADLINE_S))
        ended = tools.run(task)
        if ended.exit_code != 0:
            logger.warning("sample_failed", extra={"stderr_tail": ended.stderr_tail})
        return ended.exit_code == 0

    measured: list[tuple[str, Trial]] = []
    starts = sample_starts(plan.source.duration_s or 0)
    try:
        for number, start_s in enumerate(starts):
            on_stage("quality", number / len(starts), None)
            for argv in (trials.trial_argv, trials.scores_argv):
                if not run(argv(binaries.ffmpeg, str(source), plan, start_s=start_s, processors=processors)):
                    return None
            measured += [(trial.of, _measured(trial, folder)) for trial in trials.trial_files(plan)]
    except (ToolLimitExceeded, OSError, ValueError, KeyError):  # a sample without a frame leaves no score
        logger.warning("sample_failed", exc_info=True)
        return None
    finally:
        shutil.rmtree(folder)
    return _choices(plan, measured)


def apply_choices(plan: Plan, choices: tuple[RungChoice, ...]) -> Plan:
    """The plan with the chosen CRFs, without the renditions that add nothing."""
    by_name = {choice.name: choice for choice in choices}
    useless = {choice.name for choice in choices if not choice.kept}
    chosen = [
        made.model_copy(update={"crf": by_name[made.name].crf}) if made.name in by_name else made
        for made in plan.video
        if made.name not in useless
    ]
    return plan.model_copy(update={"video": tuple(chosen)})


def _measured(trial: trials.TrialFile, folder: Path) -> Trial:
    vmaf = trials.mean_vmaf((folder / trial.scores).read_text())
    return Trial(trial.made.crf, vmaf, (folder / trial.path).stat().st_size * 8 / 1000 / SAMPLE_S)


def _choices(plan: Plan, measured: list[tuple[str, Trial]]) -> tuple[RungChoice, ...]:
    by_default = {choice.name: choice for choice in defaults(plan)}
    for name in {of for of, _ in measured}:
        by_default[name] = choose(name, mean_trials([trial for of, trial in measured if of == name]))
    judged: dict[str, RungChoice] = {}
    alike = sorted(plan.video, key=lambda made: (made.codec, made.hdr))  # stable: largest first in each
    for _, group in groupby(alike, key=lambda made: (made.codec, made.hdr)):
        judged |= {choice.name: choice for choice in drop_useless([by_default[made.name] for made in group])}
    return tuple(judged[made.name] for made in plan.video)
