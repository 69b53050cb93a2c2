"""State machine, after a failed attempt -> what to do next.

In: {tenant_id, job_id, attempt, capacity, error, cause, started_at}. Out: {action, attempt, capacity, wait_s, error}.
"""

import logging
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import ClassifyFailureSettings
from sluice.observability import observed
from sluice.service.failures import Failure, classify_failure

logger = logging.getLogger(__name__)


@cache
def settings() -> ClassifyFailureSettings:
    return ClassifyFailureSettings.from_env()


@cache
def deps() -> bootstrap.Core:
    return bootstrap.core(settings())


@observed("classify_failure")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failure = Failure(**{**event, "started_at": datetime.fromisoformat(event["started_at"])})
    verdict = classify_failure(
        failure,
        records=deps().records,
        now=deps().now,
        max_attempts=settings().max_attempts,
        fault_wait_s=settings().fault_wait_s,
        capacity_wait_s=settings().capacity_wait_s,
    )
    answer = asdict(verdict) | {"error": verdict.error.model_dump(mode="json") if verdict.error else None}
    logger.info("attempt_failed", extra={"job_id": failure.job_id, "task_error": failure.error, "verdict": answer})
    return answer
