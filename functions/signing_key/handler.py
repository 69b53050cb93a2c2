"""CloudFormation custom resource -> a signing key pair; answers CloudFormation itself, whatever happens."""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.observability import observed
from sluice.service.signing_keys import KeyRequest, settle_signing_key

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.SigningKey:
    return bootstrap.signing_key()


@observed("signing_key")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    # Stable: another physical id would make CloudFormation delete what it takes for the old resource.
    physical_id = event.get("PhysicalResourceId") or f"signing-key-{event['LogicalResourceId']}"
    try:
        attributes = settle_signing_key(KeyRequest.model_validate(event), secrets=deps().secrets)
    except Exception as error:
        logger.exception("signing_key_failed", extra={"resource": event["LogicalResourceId"]})
        deps().respond(event, physical_id=physical_id, reason=f"{type(error).__name__}; see the function's log")
        return
    logger.info("signing_key_settled", extra={"resource": event["LogicalResourceId"], "request": event["RequestType"]})
    deps().respond(event, physical_id=physical_id, data=attributes)
