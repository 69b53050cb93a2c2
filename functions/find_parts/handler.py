"""State machine, after a task that ended well and after each round of parts -> what the job's next tasks are.

In: {tenant_id, job_id, attempt, started_at, before}: `before` from the answer of the round before, if there was one.
Out: {attempt, action, tasks: [{part, size}], width, before, size, error}; and {plan_id, parts, left}: the plan, the
names of all parts that are left, and how many there are.
"""

import logging
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import FindPartsSettings
from sluice.domain.leases import VcpuLimits
from sluice.observability import observed
from sluice.service.part_rounds import Before, Round, RoundLimits, next_round

logger = logging.getLogger(__name__)


@cache
def settings() -> FindPartsSettings:
    return FindPartsSettings.from_env()


@cache
def deps() -> bootstrap.Core:
    return bootstrap.core(settings())


def limits() -> RoundLimits:
    vcpus = VcpuLimits(settings().max_vcpus, settings().max_tenant_vcpus)
    return RoundLimits(vcpus, at_once=settings().chunk_tasks, in_turn=settings().parts_in_turn)


@observed("find_parts")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    # an execution that began under the release before tells neither, and reads `parts` and `left` only
    before, started_at = event.get("before"), event.get("started_at")
    found = next_round(
        event["tenant_id"],
        event["job_id"],
        int(event["attempt"]),
        before=Before(**before) if before else None,
        started_at=datetime.fromisoformat(started_at) if started_at else datetime.now(UTC),
        records=deps().records,
        limits=limits(),
        now=deps().now(),
    )
    told = {"job_id": event["job_id"], "plan_id": found.plan_id, "left": len(found.left), "width": found.width}
    logger.info("parts_left", extra={**told, "action": found.action})
    return {"attempt": event["attempt"], **answer(found)}


def answer(found: Round) -> dict[str, Any]:
    return {
        "action": found.action,
        "tasks": [{"part": task.part, "size": task.size.overrides} for task in found.tasks],
        "width": found.width,
        "before": found.before._asdict(),
        "size": found.size and found.size.overrides,
        "error": found.error and found.error.model_dump(mode="json"),
        "plan_id": found.plan_id,
        "parts": list(found.left),
        "left": len(found.left),
    }
