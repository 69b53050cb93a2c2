"""The command line that runs one attempt at a fetch."""

import signal
from collections.abc import Iterator

import pytest

from functions.transcoder.main import FAILED, TERMINATED, main
from sluice import bootstrap
from sluice.domain.states import UploadState
from tests.unit.fetch_world import PART, FetchWorld, film


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[FetchWorld]:
    world = FetchWorld(film(3 * PART))
    monkeypatch.setattr(bootstrap, "fetcher", lambda _settings: world.ports)
    for name in ("environment", "table_name", "uploads_bucket", "complete_queue_url"):
        monkeypatch.setenv(f"SLUICE_{name.upper()}", "dev")
    before = signal.getsignal(signal.SIGTERM)
    yield world
    signal.signal(signal.SIGTERM, before)


def run(world: FetchWorld) -> int:
    return main(["fetch", "--tenant", world.upload.tenant_id, "--upload", world.upload.id])


def test_success_and_its_repeat(world: FetchWorld) -> None:
    assert (run(world), run(world)) == (0, 0)
    assert world.stored() == film(3 * PART) and len(world.queue.sent) == 1


def test_a_refusal_is_an_end(world: FetchWorld) -> None:
    world.limit(max_bytes=1)
    assert run(world) == 0
    world.assert_refused("upload_too_large")


def test_a_fault_of_ours_is_worth_another_attempt(world: FetchWorld) -> None:
    world.objects.dies_after = 1
    assert run(world) == FAILED == 20
    assert world.upload.state is UploadState.OPEN
    world.objects.dies_after = None
    assert run(world) == 0
    assert world.stored() == film(3 * PART)


def test_sigterm_leaves_the_parts_for_the_next_attempt(world: FetchWorld) -> None:
    def stop(position: int) -> None:
        if position > PART:
            world.web.on_piece = lambda _: None
            signal.raise_signal(signal.SIGTERM)

    world.web.on_piece = stop
    with pytest.raises(SystemExit) as ended:
        run(world)
    assert ended.value.code == TERMINATED == 143
    assert [part.number for part in world.objects.parts(world.upload.key, world.upload.multipart_id)] == [1]
    assert run(world) == 0
    assert world.web.opened == [(0, None), (PART, '"v1"')]
    assert world.stored() == film(3 * PART)


def test_wrong_arguments(world: FetchWorld) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "--tenant", world.upload.tenant_id])
    assert ended.value.code == 2
