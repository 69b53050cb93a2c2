"""Which Node the tools get."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.local.link_node import link, machine_programs, wheel_programs
from infra.node import OLDEST_SUPPORTED


def program(folder: Path, name: str, version: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {version}\n")
    file.chmod(0o755)
    return file


def machine(folder: Path, version: str, *names: str) -> dict[str, Path] | None:
    for name in names:
        program(folder, name, version)
    return machine_programs(str(folder))


def test_a_recent_node_of_the_machine_is_taken(tmp_path: Path) -> None:
    found = machine(tmp_path, f"v{OLDEST_SUPPORTED}.0.0", "node", "npm", "npx")
    assert found == {name: tmp_path / name for name in ("node", "npm", "npx")}


@pytest.mark.parametrize(
    ("version", "names"),
    [
        (f"v{OLDEST_SUPPORTED - 1}.9.9", ("node", "npm", "npx")),
        ("not a version", ("node", "npm", "npx")),
        (f"v{OLDEST_SUPPORTED}.0.0", ("node", "npx")),
        (f"v{OLDEST_SUPPORTED}.0.0", ()),
    ],
)
def test_an_old_or_incomplete_one_is_not(tmp_path: Path, version: str, names: tuple[str, ...]) -> None:
    assert machine(tmp_path, version, *names) is None


def test_the_wheel_has_all_three_and_they_run_through_links(tmp_path: Path) -> None:
    link(wheel_programs(), tmp_path)
    link(wheel_programs(), tmp_path)  # a second time replaces the first
    environment = {"PATH": os.pathsep.join([str(tmp_path), "/usr/bin", "/bin"]), "HOME": str(tmp_path)}
    for name in ("node", "npm", "npx"):
        answer = subprocess.run(
            [tmp_path / name, "--version"], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        assert answer.stdout.strip().lstrip("v")[0].isdigit(), name
