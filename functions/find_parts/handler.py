"""State machine, after a task that ended well -> the parts of the job that other tasks still have to do.

In: {tenant_id, job_id, attempt}. Out: {plan_id, parts, left}: the plan's id, empty if one task did everything; names of
parts, and how many there are.
"""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import FindPartsSettings
from sluice.observability import observed
from sluice.service.parts_left import parts_left

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.Core:
    return bootstrap.core(FindPartsSettings.from_env())


@observed("find_parts")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    found = parts_left(event["tenant_id"], event["job_id"], int(event["attempt"]), records=deps().records)
    logger.info("parts_left", extra={"job_id": event["job_id"], "plan_id": found.plan_id, "left": len(found.parts)})
    return {"plan_id": found.plan_id or "", "parts": found.parts, "left": len(found.parts)}
