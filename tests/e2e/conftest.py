"""The real stacks, deployed once for all of these tests onto an embedded AWS of their own; a tenant for every test."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.local.demo.playing import Player
from infra.local.engine import Engine
from tests.e2e.customer import Customer, Slot, new_customer
from tests.e2e.diagnosis import diagnose
from tests.e2e.film import Film, deaf_to_s3, publish_film
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually
from tests.media.clips import Clip, make

ENGINE = pytest.StashKey[Engine]()
FAILURES = pytest.StashKey[int]()
DIAGNOSED = 3  # later failures are seldom news

# Noise does not compress: two parts to upload, three segments to play, and little to encode.
FILM = Clip(
    size="320x240",
    seconds=13,
    filters="noise=alls=60:allf=t",
    video=("-c:v", "libx264", "-preset", "ultrafast", "-qp", "16", "-pix_fmt", "yuv420p"),
)
LONG = Clip(size="854x480", seconds=30)  # still encoding when it is killed
LONGER = Clip(size="854x480", seconds=42)  # one of the parts is still encoding when it is killed
IN_CHUNKS = {"chunkOverS": "40", "chunkS": "12"}  # only that clip
SHORT = Clip(size="320x240", seconds=2)


class LostUpload(NamedTuple):
    customer: Customer
    slot: Slot


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("e2e-engine")) as running:
        pytestconfig.stash[ENGINE] = running
        yield running


@pytest.fixture(scope="session")
def stacks(engine: Engine) -> Stacks:
    return Stacks(engine, engine.deploy(IN_CHUNKS).outputs)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    wanted = {"film": FILM, "long": LONG, "longer": LONGER, "short": SHORT}
    return {name: make(clip, tmp_path_factory.mktemp(name)) for name, clip in wanted.items()}


@pytest.fixture
def customer(stacks: Stacks, request: pytest.FixtureRequest) -> Iterator[Customer]:
    with new_customer(stacks, request.node.name[:100]) as made:
        yield made


@pytest.fixture
def stranger(stacks: Stacks) -> Iterator[Customer]:
    """Another tenant."""
    with new_customer(stacks, "Stranger") as made:
        yield made


@pytest.fixture(scope="session")
def player() -> Player:
    return Player()


@pytest.fixture(scope="session")
def film(stacks: Stacks, clips: dict[str, Path], player: Player) -> Iterator[Film]:
    with new_customer(stacks, "Film") as customer:
        yield publish_film(customer, clips["film"], player)


@pytest.fixture(scope="session")
def lost_upload(stacks: Stacks, clips: dict[str, Path]) -> Iterator[LostUpload]:
    """Joined in S3, and nobody was told."""
    with new_customer(stacks, "Lost") as customer:
        with deaf_to_s3(stacks):
            slot = customer.upload(clips["short"])
            key = f"uploads/{customer.tenant_id}/{slot['upload_id']}"
            eventually(lambda: stacks.stored("UploadsBucket", key), "the joined object")
        yield LostUpload(customer, slot)


@pytest.fixture(scope="session", autouse=True)
def minutes_running(film: Film, lost_upload: LostUpload) -> None:
    """A session that expires and an upload that is due for reconcile: both take a minute, during the other tests."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    engine = item.config.stash.get(ENGINE, None)
    if report.failed and engine is not None:
        seen = item.config.stash[FAILURES] = item.config.stash.get(FAILURES, 0) + 1
        if seen <= DIAGNOSED:
            diagnose(engine, item.name)
    return report
