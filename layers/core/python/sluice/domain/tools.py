"""A run of an outside program (ffmpeg, ffprobe, Packager) as data: what to run, within which limits, how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sluice.domain.errors import SluiceError

GIB = 1 << 30

Progress = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True)
class ToolLimits:
    deadline_s: float  # wall clock; then SIGTERM and, after a grace, SIGKILL
    memory_bytes: int = 8 * GIB  # address space, which threads inflate to several times the resident size
    file_bytes: int = 64 * GIB  # largest file it may write
    open_files: int = 256
    stdout_bytes: int = 4 << 20  # more is refused: no answer of these programs is larger


@dataclass(frozen=True)
class ToolTask:
    argv: tuple[str, ...]  # absolute path of the program first
    cwd: Path  # a directory of its own
    limits: ToolLimits
    streams_progress: bool = False  # stdout is ffmpeg's `-progress` stream rather than an answer


@dataclass(frozen=True)
class ToolOutput:
    exit_code: int  # negative: the signal that ended it
    stdout: str  # empty for a progress stream
    stderr_tail: str  # the last 8 KB
    cpu_s: float
    max_rss_bytes: int
    sandbox: str  # seccomp | no_new_privs | none


class ToolLimitExceeded(SluiceError):
    """The run was ended at its deadline, or printed more than any honest answer holds."""

    code = "tool_limit_exceeded"
    message = "Processing took longer than its limit."
    retryable = True


class ToolNotStarted(SluiceError):
    """The program is missing, or the launcher could not set the limits."""

    code = "tool_not_started"
    message = "A program of the transcoder could not be started."
    retryable = True


class DiskFull(SluiceError):
    code = "provider.disk_full"
    message = "Processing needed more disk than there is."
    retryable = True


class Binaries(NamedTuple):
    """Absolute paths."""

    ffmpeg: str
    ffprobe: str
    packager: str
    copier: str  # the ffmpeg that copies streams: the same program wherever a copy is made, for equal bytes
