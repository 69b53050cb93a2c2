"""Lock files: hashed, in step with what asks for them, and silent about where packages are downloaded."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import REPOSITORY

REQUIREMENTS = REPOSITORY / "requirements"
LAYER_LOCK = REPOSITORY / "layers" / "deps" / "requirements.txt"
MEDIA_LOCK = REPOSITORY / "layers" / "media" / "requirements.txt"
LOCKS = {
    REQUIREMENTS / "uv.in": REQUIREMENTS / "uv.txt",
    REQUIREMENTS / "dev.in": REQUIREMENTS / "dev.txt",
    REQUIREMENTS / "engine.in": REQUIREMENTS / "engine.txt",
    REQUIREMENTS / "bench.in": REQUIREMENTS / "bench.txt",
    REQUIREMENTS / "transcoder.in": REQUIREMENTS / "transcoder.txt",
    REQUIREMENTS / "layer.in": LAYER_LOCK,
    REQUIREMENTS / "media.in": MEDIA_LOCK,
}
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==([^\s;\\]+)", re.MULTILINE | re.IGNORECASE)
RUNTIME_PROVIDES = frozenset({"boto3", "botocore", "s3transfer"})


def pins(text: str) -> dict[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in PIN.findall(text)}


def wanted(source: Path) -> dict[str, str]:
    """Pins of an .in file and of those it includes."""
    text = source.read_text()
    included = re.findall(r"^-r (\S+)", text, re.MULTILINE)
    return pins(text) | {name: pin for file in included for name, pin in wanted(source.parent / file).items()}


def entries(lock: Path) -> list[str]:
    """One string per locked package, its continuation lines included."""
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines).strip())


def test_every_requirements_file_is_known() -> None:
    assert set(REQUIREMENTS.glob("*.in")) == set(LOCKS)
    assert set(REQUIREMENTS.glob("*.txt")) == set(LOCKS.values()) - {LAYER_LOCK, MEDIA_LOCK}


@pytest.mark.parametrize("lock", LOCKS.values(), ids=lambda lock: str(lock.relative_to(REPOSITORY)))
def test_python_locks_are_hashed_and_name_no_host(lock: Path) -> None:
    for entry in entries(lock):
        assert PIN.match(entry), entry
        assert "--hash=sha256:" in entry, entry
        assert "://" not in entry
        assert re.findall(r"--(?!hash=)\S+", entry) == []


@pytest.mark.parametrize("source", LOCKS, ids=lambda source: source.name)
def test_python_locks_hold_what_is_asked_for(source: Path) -> None:
    locked = pins(LOCKS[source].read_text())
    assert wanted(source).items() <= locked.items()


@pytest.mark.parametrize("deployed", ["transcoder.in", "layer.in", "media.in"])
def test_what_is_deployed_is_what_was_tested(deployed: str) -> None:
    tested = pins((REQUIREMENTS / "dev.txt").read_text())
    assert pins(LOCKS[REQUIREMENTS / deployed].read_text()).items() <= tested.items()


def test_the_layer_leaves_out_what_the_runtime_has() -> None:
    assert RUNTIME_PROVIDES.isdisjoint(pins(LAYER_LOCK.read_text()))


def npm_lock() -> dict[str, dict[str, Any]]:
    return dict(json.loads((REPOSITORY / "package-lock.json").read_text())["packages"])


def workspaces() -> list[str]:
    return list(json.loads((REPOSITORY / "package.json").read_text())["workspaces"])


def test_the_npm_lock_is_hashed_and_names_no_host() -> None:
    ours = {"", *workspaces()}
    packages = {name: package for name, package in npm_lock().items() if name not in ours}
    assert packages
    for name, package in packages.items():
        if package.get("link"):
            assert package["resolved"] in ours, name
            continue
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
        assert "://" not in package["version"], name


@pytest.mark.parametrize(
    ("folder", "kind"), [("", "devDependencies"), *((name, "dependencies") for name in workspaces())]
)
def test_the_npm_lock_holds_what_is_asked_for(folder: str, kind: str) -> None:
    asked = json.loads((REPOSITORY / folder / "package.json").read_text())
    assert npm_lock()[folder][kind] == asked[kind]
    assert all(re.fullmatch(r"(npm:[^@]+@)?\d+\.\d+\.\d+", pin) for pin in asked[kind].values())


def test_npm_is_told_to_name_no_host() -> None:
    assert "omit-lockfile-registry-resolved=true" in (REPOSITORY / ".npmrc").read_text().splitlines()
