"""One run of Packager over everything that was encoded, and a second one if the first hangs."""

import logging
from collections.abc import Mapping
from pathlib import Path

from sluice.domain.errors import ProviderFailure
from sluice.domain.tools import Binaries, ToolLimitExceeded, ToolLimits, ToolOutput, ToolTask
from sluice.media import packager
from sluice.media.ffmpeg import intermediate
from sluice.media.ladder import Plan
from sluice.service.tool_ports import Tools

logger = logging.getLogger(__name__)
DEADLINE_S = 1800
# Packager 3.8 sometimes waits for ever, without any processor time, for a thread that has ended. One that works copies
# hundreds of megabytes a second.
FIRST_DEADLINE_S = 45
FIRST_BYTES_PER_S = 4 << 20


def package(work: Path, plan: Plan, *, tools: Tools, binaries: Binaries) -> Path:
    """Reads only what our own encoder wrote, so every failure is ours.

    Raises ProviderFailure, ToolLimitExceeded, ToolNotStarted.
    """
    inputs = {name: intermediate(name) for name in plan.names}
    ended = _run(work, plan, inputs, tools, binaries)
    if ended.exit_code != 0:
        raise ProviderFailure("The packager failed.")
    for path in inputs.values():
        (work / path).unlink()  # a film's renditions need the room twice otherwise
    return work


def _run(work: Path, plan: Plan, inputs: Mapping[str, str], tools: Tools, binaries: Binaries) -> ToolOutput:
    argv = tuple(packager.package_argv(binaries.packager, plan, inputs))
    size = sum((work / path).stat().st_size for path in inputs.values())
    first_s = min(DEADLINE_S, FIRST_DEADLINE_S + size / FIRST_BYTES_PER_S)
    try:
        return tools.run(ToolTask(argv=argv, cwd=work, limits=ToolLimits(deadline_s=first_s)))
    except ToolLimitExceeded:
        logger.warning("packager_hung", extra={"deadline_s": round(first_s)})
    return tools.run(ToolTask(argv=argv, cwd=work, limits=ToolLimits(deadline_s=DEADLINE_S)))  # into the same files
