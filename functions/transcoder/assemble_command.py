"""`assemble`: join the parts of a job, package and publish them."""

import argparse
import logging

from sluice import bootstrap
from sluice.config import TranscoderSettings
from sluice.observability import bind
from sluice.service.assembling import assemble

logger = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tenant", required=True)
    command.add_argument("--job", required=True)
    command.add_argument("--plan", required=True)
    command.add_argument("--attempt", required=True, type=int)


def run(wanted: argparse.Namespace) -> None:
    bind(tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt)
    deps = bootstrap.transcoder(TranscoderSettings.from_env())
    ending = assemble(
        tenant_id=wanted.tenant, job_id=wanted.job, plan_id=wanted.plan, attempt=wanted.attempt, deps=deps
    )
    logger.info("attempt_ended", extra={"ending": ending})
