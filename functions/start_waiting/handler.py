"""Table stream, a lease of vCPUs that changed or went -> the jobs that wait for room and whose turn it is.

A hint like any other: `reconcile` starts in a minute what this one misses.
"""

import logging
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from sluice import bootstrap
from sluice.config import StartWaitingSettings
from sluice.observability import observed
from sluice.service.vcpu_admission import Admission

logger = logging.getLogger(__name__)


@cache
def deps() -> Admission:
    return bootstrap.admission(StartWaitingSettings.from_env())


@observed("start_waiting")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """One look for the whole batch."""
    logger.info("room_left", extra={"changed": len(event["Records"]), "started": deps().admit_next()})
