"""`chunks`: all unfinished parts of a job, one after the other: where capacity for many tasks is missing."""

import argparse
import logging

from sluice import bootstrap
from sluice.config import TranscoderSettings
from sluice.observability import bind
from sluice.service.chunk_parts import encode_left

logger = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tenant", required=True)
    command.add_argument("--job", required=True)
    command.add_argument("--plan", required=True)
    command.add_argument("--attempt", required=True, type=int)


def run(wanted: argparse.Namespace) -> None:
    bind(tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt)
    deps = bootstrap.transcoder(TranscoderSettings.from_env())
    ending = encode_left(
        tenant_id=wanted.tenant, job_id=wanted.job, plan_id=wanted.plan, attempt=wanted.attempt, deps=deps
    )
    logger.info("attempt_ended", extra={"ending": ending})
