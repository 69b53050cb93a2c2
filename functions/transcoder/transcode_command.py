"""`transcode`: one attempt at one transcode job."""

import argparse
import logging

from sluice import bootstrap
from sluice.config import TranscoderSettings
from sluice.observability import bind
from sluice.service.transcode import transcode

logger = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tenant", required=True)
    command.add_argument("--job", required=True)
    command.add_argument("--attempt", required=True, type=int)
    command.add_argument("--capacity", required=True, choices=("FARGATE_SPOT", "FARGATE"))


def run(wanted: argparse.Namespace) -> None:
    bind(tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt)
    deps = bootstrap.transcoder(TranscoderSettings.from_env())
    ending = transcode(
        tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt, capacity=wanted.capacity, deps=deps
    )
    logger.info("attempt_ended", extra={"ending": ending})
