"""CPU that each function's handler costs to import, net of the bare interpreter: the part of a cold start that is ours.

Measured with warm bytecode, as the smallest of several fresh processes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = 5
LIMIT_MS = 450.0  # the slowest took 250 on a 2-core machine; boto3 clients, made later, are not in it


def handlers() -> list[str]:
    return sorted(file.parent.name for file in (REPOSITORY / "functions").glob("*/handler.py"))


def cpu_ms(statement: str, bytecode: str) -> float:
    """User and system time of one fresh interpreter that runs `statement` with nothing of this process's settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "layers" / "core" / "python"), str(REPOSITORY)]),
        "PYTHONPYCACHEPREFIX": bytecode,
    }
    process = subprocess.Popen([sys.executable, "-c", statement], env=environment, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{statement!r} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as bytecode:
        bare = min(cpu_ms("pass", bytecode) for _ in range(RUNS))
        for name in handlers():
            statement = f"import functions.{name}.handler"
            cpu_ms(statement, bytecode)  # writes the bytecode
            cost = min(cpu_ms(statement, bytecode) for _ in range(RUNS)) - bare
            yield Figure(f"api_cold_import_{name}", cost, "cpu_ms", LIMIT_MS)
