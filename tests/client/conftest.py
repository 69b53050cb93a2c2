"""A client, and a cloud for it that fails on demand."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_client import Retries, SluiceClient
from tests.client.cloud import KEY, PART, Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        yield running
    assert running.crashes == []


@pytest.fixture
def pauses() -> list[float]:
    """Where the client would have waited."""
    return []


@pytest.fixture
def client(cloud: Cloud, pauses: list[float]) -> Iterator[SluiceClient]:
    quick = Retries(first_s=0.001, longest_s=0.002, pause=pauses.append)
    with SluiceClient(cloud.url, KEY, retries=quick) as made:
        yield made


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Nine parts, no two blocks of which are alike."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"".join(number.to_bytes(4, "big") for number in range((8 * PART + 1000) // 4)))
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def program(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    """The environment in which `python -m sluice_client` talks to the cloud."""
    settings = {"SLUICE_API_URL": cloud.url, "SLUICE_API_KEY": KEY, "XDG_STATE_HOME": str(tmp_path / "states")}
    return settings | {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
