"""Every minute -> finish what lost or late notifications left behind."""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import ReconcileSettings
from sluice.observability import observed
from sluice.service.reconcile import Reconciler, reconcile

logger = logging.getLogger(__name__)


@cache
def deps() -> Reconciler:
    return bootstrap.reconciler(ReconcileSettings.from_env())


@observed("reconcile")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    done = reconcile(deps())
    logger.info("reconciled", extra=done)
    return done
