"""State machine, last step of a fetch that failed on our side. In: {tenant_id, upload_id}; safe to repeat."""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import FailFetchSettings
from sluice.observability import observed
from sluice.service.lost_fetches import fail_fetch

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.FailFetch:
    return bootstrap.fail_fetch(FailFetchSettings.from_env())


@observed("fail_fetch")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    upload = fail_fetch(
        tenant_id=event["tenant_id"],
        upload_id=event["upload_id"],
        environment=deps().environment,
        records=deps().records,
        objects=deps().objects,
        new_id=deps().new_id,
        now=deps().now,
    )
    logger.info("fetch_failed", extra={"upload_id": event["upload_id"], "state": upload.state if upload else None})
