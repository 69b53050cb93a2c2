"""One key, one resource: repeated, raced, crashed, refused."""

from threading import Barrier, Thread
from typing import NamedTuple

import pytest

from sluice.domain.errors import (
    AssetNotPlayable,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    NotFound,
    ProviderFailure,
)
from sluice.domain.idempotency import IdempotencyRecord
from sluice.service.idempotency import once
from sluice.service.ports import Create
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock


class Asked(NamedTuple):
    tenant_id: str = "ten_1"
    route: str = "POST /v1/things"
    key: str | None = "k1"
    body_hash: str = "h1"


class Crash(BaseException):
    """The process is gone: no handler of ours runs."""


class Things:
    """Resources that are made under given ids; `fails` is raised instead of, or after, making one."""

    def __init__(self) -> None:
        self.records: FakeRecords = FakeRecords()
        self.clock = FakeClock()
        self.made: list[str] = []
        self.fails: BaseException | None = None
        self.fails_after = False
        self._ids = 0

    def make(self, thing_id: str) -> str:
        if self.fails and not self.fails_after:
            raise self.fails
        self.made.append(thing_id)
        if self.fails:
            raise self.fails
        return thing_id

    def find(self, thing_id: str) -> str | None:
        return thing_id if thing_id in self.made else None

    def post(self, asked: Asked | None = None) -> tuple[str, bool]:
        self._ids += 1
        return once(
            asked or Asked(),
            fresh_id=f"thing_{self._ids}",
            make=self.make,
            find=self.find,
            records=self.records,
            now=self.clock,
        )


@pytest.fixture
def things() -> Things:
    return Things()


def test_a_repetition_answers_with_the_same_resource(things: Things) -> None:
    assert things.post() == ("thing_1", False)
    assert things.post() == ("thing_1", True)
    assert things.made == ["thing_1"]


def test_without_a_key_every_request_makes_one(things: Things) -> None:
    assert [things.post(Asked(key=None)) for _ in range(2)] == [("thing_1", False), ("thing_2", False)]
    assert things.records.rows == {}


@pytest.mark.parametrize("other", [Asked(tenant_id="ten_2"), Asked(route="POST /v1/others"), Asked(key="k2")])
def test_keys_are_per_tenant_and_route(things: Things, other: Asked) -> None:
    things.post()
    assert things.post(other) == ("thing_2", False)


@pytest.mark.parametrize("finished", [True, False])
def test_the_same_key_with_another_body_is_refused(things: Things, finished: bool) -> None:
    if not finished:
        things.fails = Crash()
        with pytest.raises(Crash):
            things.post()
    else:
        things.post()
    with pytest.raises(IdempotencyKeyReused):
        things.post(Asked(body_hash="h2"))


def test_a_request_that_still_runs_is_a_conflict(things: Things) -> None:
    things.fails = Crash()
    with pytest.raises(Crash):
        things.post()
    things.clock.tick(seconds=59)
    with pytest.raises(IdempotencyInFlight):
        things.post()


@pytest.mark.parametrize("crashed_after", [True, False])
def test_a_crash_never_makes_a_second_resource(things: Things, crashed_after: bool) -> None:
    things.fails, things.fails_after = Crash(), crashed_after
    with pytest.raises(Crash):
        things.post()
    things.fails = None
    things.clock.tick(seconds=60)
    assert things.post() == ("thing_1", crashed_after)
    assert things.post() == ("thing_1", True)
    assert things.made == ["thing_1"]


def test_who_takes_over_has_a_minute_again(things: Things) -> None:
    things.fails = Crash()
    for _ in range(2):
        with pytest.raises(Crash):
            things.post()
        things.clock.tick(seconds=60)
    with pytest.raises(Crash):
        things.post()
    with pytest.raises(IdempotencyInFlight):
        things.post()


def test_a_refusal_gives_the_key_back(things: Things) -> None:
    things.fails = AssetNotPlayable()
    with pytest.raises(AssetNotPlayable):
        things.post()
    things.fails = None
    assert things.post(Asked(body_hash="corrected")) == ("thing_2", False)


@pytest.mark.parametrize("failure", [ProviderFailure(), RuntimeError("a bug")])
@pytest.mark.parametrize("made_it", [True, False])
def test_after_a_failure_of_ours_a_repetition_goes_on_at_once(
    things: Things, failure: Exception, made_it: bool
) -> None:
    things.fails, things.fails_after = failure, made_it
    with pytest.raises(type(failure)):
        things.post()
    things.fails = None
    assert things.post() == ("thing_1", made_it)
    assert things.made == ["thing_1"]


def test_a_key_is_free_again_after_24_hours_though_its_row_is_still_there(things: Things) -> None:
    things.post()
    things.clock.tick(hours=24, seconds=-1)
    assert things.post() == ("thing_1", True)
    things.clock.tick(seconds=1)
    assert things.post(Asked(body_hash="h2")) == ("thing_3", False)
    assert things.post(Asked(body_hash="h2")) == ("thing_3", True)


def test_a_replay_of_a_deleted_resource_is_not_found(things: Things) -> None:
    things.post()
    things.made.clear()
    with pytest.raises(NotFound):
        things.post()
    assert things.made == []


class LateRecords(FakeRecords):
    """Somebody else reserves between our read and our write."""

    def __init__(self) -> None:
        super().__init__()
        self.rival: IdempotencyRecord | None = None

    def idempotency(self, tenant_id: str, route: str, key: str) -> IdempotencyRecord | None:
        found = super().idempotency(tenant_id, route, key)
        if self.rival:
            self.commit(Create(self.rival))
            self.rival = None
        return found


def test_who_loses_the_race_decides_again(things: Things) -> None:
    late = things.records = LateRecords()
    late.rival = IdempotencyRecord(
        tenant_id="ten_1",
        route="POST /v1/things",
        key="k1",
        body_hash="h1",
        resource_id="thing_of_the_rival",
        state="done",
        created_at=things.clock(),
    )
    things.made.append("thing_of_the_rival")
    assert things.post() == ("thing_of_the_rival", True)
    assert things.made == ["thing_of_the_rival"]


def test_of_two_at_the_same_moment_one_makes_it(things: Things) -> None:
    together, outcomes = Barrier(2), []

    def post() -> None:
        together.wait(timeout=60)
        try:
            outcomes.append(things.post())
        except IdempotencyInFlight:
            outcomes.append(None)

    threads = [Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(things.made) == 1
    assert len(outcomes) == 2 and {outcome for outcome in outcomes if outcome} <= {
        (things.made[0], False),
        (things.made[0], True),
    }
