"""Which parts of a job nobody has finished yet; light, as a function asks it that holds no media code."""

from typing import NamedTuple

from sluice.domain.chunks import ChunkPlan
from sluice.service.ports import Records


class PartsLeft(NamedTuple):
    plan_id: str | None  # None: one task did the whole job, or had nothing to do
    parts: list[str]


def parts_left(tenant_id: str, job_id: str, attempt: int, *, records: Records) -> PartsLeft:
    """After the job's attempt."""
    result = records.job_result(tenant_id, job_id, attempt)
    plan = records.chunk_plan(tenant_id, job_id, result.plan_id) if result and result.plan_id else None
    return PartsLeft(plan.id, unfinished(plan, records)) if plan else PartsLeft(None, [])


def unfinished(plan: ChunkPlan, records: Records) -> list[str]:
    done = {part.name for part in records.chunk_parts(plan.tenant_id, plan.job_id, plan.id)}
    return [name for name in plan.parts if name not in done]
