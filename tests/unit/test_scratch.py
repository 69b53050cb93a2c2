"""Directories for hostile files: removed after, swept when their owner was cut off, never taken from one at work."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluice.adapters.scratch import ScratchFolders

CUT_OFF = """
import os, sys
from pathlib import Path
from sluice.adapters.scratch import ScratchFolders
with ScratchFolders(Path(sys.argv[1]))() as work:
    (work / "source").write_bytes(b"hostile")
    os._exit(1)
"""


def test_it_is_empty_private_and_removed_whatever_happens(tmp_path: Path) -> None:
    folders = ScratchFolders(tmp_path / "early")
    with pytest.raises(ZeroDivisionError), folders() as work:
        assert list(work.iterdir()) == []
        assert (work.stat().st_mode & 0o777, work.parent) == (0o700, tmp_path / "early")
        (work / "out").mkdir()
        raise ZeroDivisionError
    assert list((tmp_path / "early").iterdir()) == []


def test_what_a_call_left_that_was_cut_off_is_swept_by_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CUT_OFF, str(tmp_path)], check=False)
    [left] = tmp_path.glob("*/source")
    with ScratchFolders(tmp_path)() as work:
        assert not left.parent.exists()
        assert [work] == list(tmp_path.iterdir())


def test_one_at_work_keeps_its_own(tmp_path: Path) -> None:
    folders = ScratchFolders(tmp_path)
    with folders() as first:
        (first / "source").touch()
        with folders() as second:
            assert second != first
            assert (first / "source").exists()
        handle = os.open(first, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
