"""Programs for functions that parse hostile files beside the credentials of their role."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluice.service.tool_ports import Tools


def guarded_tools(*, demands_sandbox: bool) -> "Tools":
    """Raises ToolNotStarted where a sandbox is demanded that this system does not have."""
    from sluice.adapters.memory_guard import guard_memory
    from sluice.adapters.process import ToolRunner
    from sluice.domain.tools import ToolNotStarted

    if not guard_memory() and demands_sandbox:  # before the first program starts
        raise ToolNotStarted("This process cannot be hidden from the programs that it would start.")
    return ToolRunner(least_sandbox="seccomp" if demands_sandbox else "any")
