"""Processes known by pid *and* start time, so that a pid used again by a stranger is never signalled."""

import json
import os
import signal
import subprocess  # noqa: S404  # asks ps where there is no /proc
import time
from pathlib import Path

POLL_S = 0.05


def start_time(pid: int) -> str | None:
    """When the process started, as the system tells it; None when there is no such process (or only a zombie)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]  # 22nd of proc(5): clock ticks since boot
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


def record_process(path: Path, pid: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "started": start_time(pid)}))


def recorded_pid(path: Path) -> int | None:
    """The pid of the record while that very process lives."""
    try:
        record = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    pid = int(record["pid"])
    return pid if record["started"] is not None and start_time(pid) == record["started"] else None


def end_recorded(path: Path, grace_s: float) -> bool:
    """SIGTERM the recorded process group, SIGKILL what is left after the grace; True when it had been alive."""
    pid = recorded_pid(path)
    if pid is not None:
        _signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while recorded_pid(path) is not None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        _signal_group(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return pid is not None


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
