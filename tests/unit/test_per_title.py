"""When a job samples its source, and that it does so once."""

from datetime import UTC, datetime

import pytest

from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import Job
from sluice.domain.quality import RungChoice
from sluice.domain.states import JobState
from sluice.media.ladder import Plan
from sluice.service.per_title import refine_plan
from tests.fakes.records import FakeRecords
from tests.unit.media.sources import planned, source, video

NOW = datetime(2026, 11, 23, tzinfo=UTC)
JOB = Job(
    id="job_01kb5y0000000000000000000a",
    tenant_id="ten_01kb5y0000000000000000000a",
    asset_id="ast_01kb5y0000000000000000000a",
    state=JobState.RUNNING,
    source_key="uploads/x",
    source_bytes=1,
    created_at=NOW,
    updated_at=NOW,
    correlation_id="cor",
)
CHOSEN = (
    RungChoice(name="v360", crf=28, vmaf=93.4, kbps=500),
    RungChoice(name="v240", crf=25, vmaf=94, kbps=450, kept=False),
)


class Sampling:
    def __init__(self, answer: tuple[RungChoice, ...] | None = CHOSEN) -> None:
        self.records = FakeRecords()
        self.answer = answer
        self.calls = 0

    def sample(self, _plan: Plan) -> tuple[RungChoice, ...] | None:
        self.calls += 1
        return self.answer

    def refine(self, plan: Plan, quality: str = "per_title") -> Plan:
        settings = EncodingSettings.model_validate({"quality": quality})
        return refine_plan(plan, job=JOB, settings=settings, sample=self.sample, records=self.records, now=lambda: NOW)


def lasting(seconds: float) -> Plan:
    return planned(source(video=video(duration_s=seconds), duration_s=seconds))


def test_the_choice_is_taken_and_kept_for_later_attempts() -> None:
    sampling, plan = Sampling(), lasting(600)
    refined = sampling.refine(plan)
    assert [(made.name, made.crf) for made in refined.video] == [("v360", 28)]
    assert sampling.refine(plan) == refined
    assert sampling.calls == 1
    stored = sampling.records.job_quality(JOB.tenant_id, JOB.id)
    assert stored is not None and stored.sampled and stored.rungs == CHOSEN


@pytest.mark.parametrize(("seconds", "answer"), [(299, CHOSEN), (600, None)])
def test_the_defaults_hold_where_nothing_was_sampled(seconds: float, answer: tuple[RungChoice, ...] | None) -> None:
    sampling, plan = Sampling(answer), lasting(seconds)
    assert sampling.refine(plan) == plan
    stored = sampling.records.job_quality(JOB.tenant_id, JOB.id)
    assert stored is not None and not stored.sampled
    assert [(choice.name, choice.crf) for choice in stored.rungs] == [(made.name, made.crf) for made in plan.video]


def test_other_profiles_decide_nothing() -> None:
    sampling, plan = Sampling(), lasting(600)
    assert sampling.refine(plan, "crf") == plan
    assert sampling.calls == 0 and sampling.records.job_quality(JOB.tenant_id, JOB.id) is None
