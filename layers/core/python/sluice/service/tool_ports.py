"""Outside programs, as the use cases see them."""

from typing import Protocol

from sluice.domain.tools import Progress, ToolOutput, ToolTask


class Tools(Protocol):
    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        """Returns however the program ended. Raises ToolLimitExceeded, ToolNotStarted."""
        ...
