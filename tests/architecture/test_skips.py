"""What a machine lacks is a reason to skip a test, but not in CI: there it would be tested by nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

LACKING = (
    "import pytest\ndef test_it():\n    pytest.skip('no browser')",
    "import pytest\n@pytest.mark.skipif(True, reason='no browser')\ndef test_it():\n    assert False",
    "import pytest\npytest.skip('no browser', allow_module_level=True)",
)


@pytest.mark.skipif(sys.platform != "linux", reason="the rule is of CI's Linux")
def test_a_skipped_test_fails_in_ci_alone(tmp_path: Path) -> None:
    for number, text in enumerate(LACKING):
        (tmp_path / f"test_{number}.py").write_text(text)
    here, in_ci = run(tmp_path, {}), run(tmp_path, {"CI": "1"})
    assert "3 skipped" in here.stdout and here.returncode == 0
    assert "1 failed, 2 errors" in in_ci.stdout and "not to be skipped in CI" in in_ci.stdout
    assert in_ci.returncode == 1


def run(folder: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    environment["PYTHONPATH"] = str(REPOSITORY)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    argv = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *options, str(folder)]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_ci_script_says_that_it_is_ci() -> None:
    assert "export CI=1" in (REPOSITORY / ".ci" / "run").read_text()
