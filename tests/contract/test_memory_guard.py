import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys
from sluice.adapters.memory_guard import guard_memory
get = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
before = get()
print(before, guard_memory(), get())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_guarded_process_cannot_be_looked_into() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split() == ["1", "True", "0"]
