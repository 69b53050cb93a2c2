"""State machine, last step of a failed transcode. In: {tenant_id, job_id, error}; safe to repeat."""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import FailTranscodeSettings
from sluice.domain.models import ErrorInfo
from sluice.observability import observed
from sluice.service.failures import fail_transcode

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.Core:
    return bootstrap.core(FailTranscodeSettings.from_env())


@observed("fail_transcode")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    error = ErrorInfo.model_validate(event["error"])
    fail_transcode(
        tenant_id=event["tenant_id"],
        job_id=event["job_id"],
        error=error,
        environment=deps().environment,
        records=deps().records,
        new_id=deps().new_id,
        now=deps().now,
    )
    logger.info("transcode_failed", extra={"job_id": event["job_id"], "code": error.code})
