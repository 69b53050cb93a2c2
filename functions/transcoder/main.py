"""The Fargate task: one attempt at one piece of work.

    python -m functions.transcoder.main transcode --tenant TENANT --job JOB --attempt N --capacity FARGATE
    python -m functions.transcoder.main chunk --tenant TENANT --job JOB --plan PLAN --part 7 --attempt N
    python -m functions.transcoder.main chunks --tenant TENANT --job JOB --plan PLAN --attempt N
    python -m functions.transcoder.main assemble --tenant TENANT --job JOB --plan PLAN --attempt N
    python -m functions.transcoder.main fetch --tenant TENANT --upload UPLOAD

Exit codes (of a transcode the state machine reads the attempt's result row first; the code is for people and `Cause`):
  0   done, nothing left to do, or a fetch that was refused for good
  2   wrong arguments
  10  the source of a transcode or a setting was refused; another attempt would end the same
  20  the machine, a program or the cloud failed; worth another attempt
  143 SIGTERM: programs and transfers stopped; the next attempt goes on
  1   a fault of ours, with its traceback in the log
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from functions.transcoder import (
    assemble_command,
    chunk_command,
    chunks_command,
    fetch_command,
    transcode_command,
)
from sluice.domain.errors import ErrorClass, SluiceError
from sluice.observability import configure

logger = logging.getLogger(__name__)

REFUSED, FAILED, TERMINATED = 10, 20, 128 + signal.SIGTERM
COMMANDS = {
    "transcode": transcode_command,
    "chunk": chunk_command,
    "chunks": chunks_command,
    "assemble": assemble_command,
    "fetch": fetch_command,
}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="transcoder")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name))
    return parser.parse_args(argv)


def on_terminate(_signal: int, _frame: FrameType | None) -> None:
    """Raised where the main thread stands, so that every `finally` runs; a second signal must not cut those short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, on_terminate)
    wanted = parse(argv)
    configure("transcoder")
    try:
        COMMANDS[wanted.command].run(wanted)
    except SluiceError as error:
        refused = error.error_class is not ErrorClass.PROVIDER
        level = logging.INFO if refused else logging.ERROR
        logger.log(level, "attempt_failed", extra={"code": error.code, "detail": error.detail}, exc_info=not refused)
        return REFUSED if refused else FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
