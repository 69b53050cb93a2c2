"""State machine, beside a job's task -> publish what players can take as it is. In: {tenant_id, job_id}.

Safe to repeat. Whatever it raises ends this branch alone: the job's task goes on, and does all of it.
"""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import PublishEarlySettings
from sluice.observability import bind, observed
from sluice.service.early_publish import EarlyDeps, publish_early

logger = logging.getLogger(__name__)


@cache
def deps() -> EarlyDeps:
    return bootstrap.publish_early(PublishEarlySettings.from_env())


@observed("publish_early")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    bind(tenant_id=event["tenant_id"], job_id=event["job_id"])
    try:
        outcome = publish_early(tenant_id=event["tenant_id"], job_id=event["job_id"], deps=deps())
    except Exception:
        logger.exception("early_failed")
        raise
    logger.info("early_ended", extra={"outcome": outcome})
