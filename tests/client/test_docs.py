"""The examples of the client's page, executed as they stand there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.cloud import KEY, Cloud
from tests.documents import REPOSITORY, code

DOCUMENT = REPOSITORY / "docs" / "client.md"
DEADLINE_S = 120.0  # generous: shared machines pause


@pytest.fixture
def environment(cloud: Cloud, program: dict[str, str], film: Path, tmp_path: Path) -> dict[str, str]:
    """With `sluice` on the path, as an installation puts it there."""
    installed = tmp_path / "bin" / "sluice"
    installed.parent.mkdir()
    installed.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sluice_client "$@"\n')
    installed.chmod(0o755)
    given = {"API": cloud.url, "KEY": KEY, "FILE": str(film)}
    kept = {name: program[name] for name in ("PYTHONPATH", "XDG_STATE_HOME")}
    return given | kept | {"PATH": f"{installed.parent}:{program['PATH']}"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    ended = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_command_line_example(cloud: Cloud, environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    printed = run(["sh", "-euc", code(DOCUMENT, "On the command line", "bash")], environment, tmp_path)
    assert printed.startswith("upload_id       upl_1\n")
    assert "hls_url" in printed
    assert cloud.slots["upl_1"].request["metadata"] == {"season": "2"}
    assert [slot.joined for slot in cloud.slots.values()] == [film.read_bytes()] * 2
    listed = (tmp_path / "assets.jsonl").read_text().splitlines()
    assert json.loads(listed[249])["asset_id"] == "ast_249"


def test_the_python_example(cloud: Cloud, environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    printed = run([sys.executable, "-c", code(DOCUMENT, "From Python", "python")], environment, tmp_path)
    assert printed.startswith("https://media.example/")
    assert cloud.only.joined == film.read_bytes()
