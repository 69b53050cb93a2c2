"""What every record store keeps of jobs that are done in parts."""

import pytest

from sluice.domain.chunks import ChunkPart, ChunkPlan, part_unit
from sluice.domain.errors import WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.models import JobResult
from sluice.service.ports import Create, Records
from tests.contract.samples import MOMENT, TENANT, new_id

JOB = new_id(Prefix.JOB)


def make_plan() -> ChunkPlan:
    plan_id = new_id(Prefix.CHUNK_PLAN)
    return ChunkPlan(
        id=plan_id, tenant_id=TENANT, job_id=JOB, attempt=1, chunks=2, sound=True, work="{}", created_at=MOMENT
    )


def make_part(plan: ChunkPlan, name: str) -> ChunkPart:
    named = {"tenant_id": plan.tenant_id, "job_id": plan.job_id, "plan_id": plan.id, "name": name}
    return ChunkPart(**named, run_id=new_id(Prefix.CHUNK_RUN), frames=5, renditions=("v360",), created_at=MOMENT)


def test_a_plan_and_its_finished_parts_are_found(records: Records) -> None:
    plan, other = make_plan(), make_plan()
    parts = [make_part(plan, name) for name in ("0", "1", "audio")]
    records.commit(Create(plan), *(Create(part) for part in parts), Create(make_part(other, "0")))
    assert records.chunk_plan(TENANT, JOB, plan.id) == plan
    assert records.chunk_plan(TENANT, JOB, other.id) is None
    assert records.chunk_parts(TENANT, JOB, plan.id) == parts


def test_a_part_is_finished_once(records: Records) -> None:
    plan = make_plan()
    first = make_part(plan, "0")
    records.commit(Create(first))
    with pytest.raises(WriteConflict):
        records.commit(Create(make_part(plan, "0")))
    assert records.chunk_parts(TENANT, JOB, plan.id) == [first]


def test_a_part_s_attempts_and_the_job_s_are_told_apart(records: Records) -> None:
    told = {"tenant_id": TENANT, "job_id": JOB, "attempt": 1, "created_at": MOMENT}
    whole = JobResult(**told, outcome="chunked", plan_id="pln_x")
    part = JobResult(**told, outcome="interrupted", unit=part_unit("pln_x", "0"))
    for result in (whole, part):
        records.save_result(result)
    assert records.job_result(TENANT, JOB, 1) == whole
    assert records.job_result(TENANT, JOB, 1, part.unit) == part
    assert records.job_result(TENANT, JOB, 1, part_unit("pln_x", "1")) is None
