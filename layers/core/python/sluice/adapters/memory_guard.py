"""Keeps this process's memory and environment from others of the same user: they hold the task's credentials.

A program that parses hostile files may be taken over; seccomp denies it sockets and ptrace, but `/proc/<pid>/mem` and
`/proc/<pid>/environ` of its parent are plain files.
"""

import ctypes
import sys

PR_SET_DUMPABLE = 4  # linux/prctl.h


def guard_memory() -> bool:
    """True if guarded; False where the system has no such thing."""
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
