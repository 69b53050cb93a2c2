"""`fetch`: one attempt at fetching one upload from its URL. A refusal is written into the upload, and ends with 0."""

import argparse
import logging

from sluice import bootstrap
from sluice.config import FetcherSettings
from sluice.observability import bind
from sluice.service.fetching import fetch

logger = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tenant", required=True)
    command.add_argument("--upload", required=True)


def run(wanted: argparse.Namespace) -> None:
    bind(tenant_id=wanted.tenant, upload_id=wanted.upload)
    ports = bootstrap.fetcher(FetcherSettings.from_env())
    ending = fetch(tenant_id=wanted.tenant, upload_id=wanted.upload, ports=ports)
    logger.info("fetch_ended", extra={"ending": ending})
