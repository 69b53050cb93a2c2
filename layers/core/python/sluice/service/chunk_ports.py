"""What tasks need that do a job in parts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sluice.domain.tools import Binaries
from sluice.service.attempts import AttemptPorts
from sluice.service.tool_ports import Tools


class WorkObjects(Protocol):
    """What one task leaves for another: no viewer can reach it, and it is gone after some days."""

    def put(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        ...

    def get(self, key: str, path: Path) -> None:
        """Raises ProviderFailure."""
        ...


@dataclass(frozen=True)
class Chunking:
    over_s: float  # longer sources are encoded in chunks; 0: none is
    length_s: float  # of a chunk: at most, in whole segments


@dataclass(frozen=True, kw_only=True)
class ChunkPorts(AttemptPorts):
    work: WorkObjects
    chunking: Chunking
    tools: Tools
    binaries: Binaries
    scratch: Path
    processors: int  # to encode with
