"""`chunk`: one attempt at one part of a job that several tasks do: a chunk of its picture, or all of its sound."""

import argparse
import logging

from sluice import bootstrap
from sluice.config import TranscoderSettings
from sluice.observability import bind
from sluice.service.chunk_parts import encode_part

logger = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tenant", required=True)
    command.add_argument("--job", required=True)
    command.add_argument("--plan", required=True)
    command.add_argument("--part", required=True, help="a chunk's number, or audio")
    command.add_argument("--attempt", required=True, type=int)


def run(wanted: argparse.Namespace) -> None:
    bind(tenant_id=wanted.tenant, job_id=wanted.job, part=wanted.part, attempt=wanted.attempt)
    deps = bootstrap.transcoder(TranscoderSettings.from_env())
    ending = encode_part(
        tenant_id=wanted.tenant,
        job_id=wanted.job,
        plan_id=wanted.plan,
        part=wanted.part,
        attempt=wanted.attempt,
        deps=deps,
    )
    logger.info("attempt_ended", extra={"ending": ending})
