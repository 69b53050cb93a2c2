"""The Fargate task: one attempt at one transcode job.

    python -m functions.transcoder.main transcode --tenant TENANT --job JOB --attempt N --capacity FARGATE

Exit codes (the state machine reads the attempt's result row first; the code is for people and for `Cause`):
  0   published, or nothing left to do
  2   wrong arguments
  10  the source or a setting was refused; another attempt would end the same
  20  the machine, a program or the cloud failed; worth another attempt
  143 SIGTERM: programs stopped, result row says "interrupted"
  1   a fault of ours, with its traceback in the log
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from sluice import bootstrap
from sluice.config import TranscoderSettings
from sluice.domain.errors import ErrorClass, SluiceError
from sluice.observability import bind, configure
from sluice.service.transcode import transcode

logger = logging.getLogger(__name__)

REFUSED, FAILED, TERMINATED = 10, 20, 128 + signal.SIGTERM


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="transcoder")
    command = parser.add_subparsers(dest="command", required=True).add_parser("transcode")
    command.add_argument("--tenant", required=True)
    command.add_argument("--job", required=True)
    command.add_argument("--attempt", required=True, type=int)
    command.add_argument("--capacity", required=True, choices=("FARGATE_SPOT", "FARGATE"))
    return parser.parse_args(argv)


def on_terminate(_signal: int, _frame: FrameType | None) -> None:
    """Raised where the main thread stands, so that every `finally` runs; a second signal must not cut those short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, on_terminate)
    wanted = parse(argv)
    configure("transcoder")
    bind(tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt)
    deps = bootstrap.transcoder(TranscoderSettings.from_env())
    try:
        ending = transcode(
            tenant_id=wanted.tenant, job_id=wanted.job, attempt=wanted.attempt, capacity=wanted.capacity, deps=deps
        )
    except SluiceError as error:
        refused = error.error_class is not ErrorClass.PROVIDER
        level = logging.INFO if refused else logging.ERROR
        logger.log(level, "attempt_failed", extra={"code": error.code, "detail": error.detail}, exc_info=not refused)
        return REFUSED if refused else FAILED
    logger.info("attempt_ended", extra={"ending": ending})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
