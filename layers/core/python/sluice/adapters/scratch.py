"""Directories for hostile files: each of its own, removed after, and swept by a later call if this one was cut off.

A function that is cut at its time limit runs no `finally`, and its successor finds the files in the same /tmp.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNLOCKED = "."  # begins the names of those that their owner has not locked yet; they are empty


class ScratchFolders:
    def __init__(self, parent: Path) -> None:
        self._parent = parent

    @contextmanager
    def __call__(self) -> Iterator[Path]:
        """An empty directory; its lock tells others that somebody is at work in it."""
        self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        unlocked = Path(tempfile.mkdtemp(prefix=_UNLOCKED, dir=self._parent))
        work = unlocked.with_name(unlocked.name.removeprefix(_UNLOCKED))
        handle = os.open(unlocked, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            unlocked.rename(work)  # from now on it is swept when its lock is free
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            os.close(handle)

    def _sweep(self) -> None:
        for folder in self._parent.iterdir():
            if folder.name.startswith(_UNLOCKED):
                continue
            try:
                handle = os.open(folder, os.O_RDONLY)
            except FileNotFoundError:
                continue  # its owner has just removed it
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                continue  # its owner lives
            finally:
                os.close(handle)
