"""A call of ours, or EventBridge "Object Created" -> make the picture of a thumbnail.

In: {tenant_id, asset_id, thumbnail_id}, or S3's event of a picture that was sent. Safe to repeat.
"""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import MakeThumbnailSettings
from sluice.domain.thumbnails import parse_upload_key
from sluice.observability import bind, observed
from sluice.service.thumbnail_making import MakingDeps, make_thumbnail

logger = logging.getLogger(__name__)


@cache
def deps() -> MakingDeps:
    return bootstrap.make_thumbnail(MakeThumbnailSettings.from_env())


@observed("make_thumbnail")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    # through EventBridge keys are not URL-encoded
    wanted = parse_upload_key(event["detail"]["object"]["key"]) if "detail" in event else event
    if wanted is None:
        logger.warning("foreign_object")
        return
    bind(tenant_id=wanted["tenant_id"], asset_id=wanted["asset_id"])
    try:
        make_thumbnail(
            tenant_id=wanted["tenant_id"],
            asset_id=wanted["asset_id"],
            thumbnail_id=wanted["thumbnail_id"],
            deps=deps(),
        )
    except Exception:
        logger.exception("thumbnail_not_made")  # Lambda tries again, and then keeps the event
        raise
