"""Many sources in one call: each by itself, none twice, and the same answer again."""

from collections.abc import Sequence
from typing import Any

import pytest

from sluice.domain.errors import ProviderFailure
from sluice.domain.ids import Prefix, derived_id
from sluice.domain.ingest import IngestBatch
from sluice.domain.models import Asset
from sluice.domain.upload import Upload
from sluice.http import Keyed
from sluice.service.ingest_batch import SLOTS_AT_ONCE, STORING, Item, ingest_once
from sluice.service.ports import Count, Write
from sluice.service.upload_slots import NewUpload
from tests.unit.ingest_world import IngestWorld


class Batches:
    def __init__(self) -> None:
        self.world = IngestWorld()
        self.transactions = 0
        self.commit = self.world.records.commit
        self.world.records.commit = self.counted  # type: ignore[method-assign]

    def counted(self, *writes: Write) -> None:
        self.transactions += any(isinstance(write, Count) for write in writes)
        self.commit(*writes)

    def __call__(self, sources: Sequence[dict[str, Any]], key: str | None = None) -> tuple[list[Item], bool]:
        def commands(batch_id: str) -> list[NewUpload]:
            return [
                self.world.command(derived_id(Prefix.UPLOAD, batch_id, index), **source)
                for index, source in enumerate(sources)
            ]

        request = Keyed(self.world.caller.tenant_id, "POST /v1/assets:batch", key, repr(sources))
        return ingest_once(request, commands, caller=self.world.caller, ports=self.world.ingest_ports)

    def rows(self, kind: type) -> int:
        return sum(isinstance(row, kind) for row in self.world.records.rows.values())


@pytest.fixture
def batches() -> Batches:
    return Batches()


def outcome(items: Sequence[Item]) -> list[str]:
    return [item.refusal.code if item.refusal else "taken" for item in items]


def test_every_source_has_its_result_in_its_place(batches: Batches) -> None:
    items, replayed = batches(
        [{"title": "a"}, {"url": "http://10.0.0.1/"}, {"policy_id": "ipl_unknown"}, {"title": "d", "creator_id": "ann"}]
    )
    assert outcome(items) == ["taken", "url_not_allowed", "intake_policy_not_found", "taken"]
    assert [item.asset.title for item in items if item.asset] == ["a", "d"]
    assert [item.refusal.index for item in items if item.refusal] == [1, 2]
    assert not replayed
    assert len(batches.world.fetches.names) == 2
    assert batches.world.sources.resolved == [], "a thousand slow names must not hold the call"
    assert batches.world.open_uploads() == 2


def test_a_thousand_sources_take_few_transactions(batches: Batches) -> None:
    items, _ = batches([{"creator_id": f"c-{number}"} for number in range(1_000)])
    assert set(outcome(items)) == {"taken"}
    assert batches.transactions == -(-1_000 // SLOTS_AT_ONCE)
    assert len(set(batches.world.fetches.names)) == batches.world.open_uploads() == 1_000
    assert batches.world.records.usage(batches.world.caller.tenant_id, "c-999").open_uploads == 1


def test_a_quota_takes_as_many_as_it_allows(batches: Batches) -> None:
    policy = batches.world.policy(quotas={"max_open_uploads": 20})
    other = batches.world.policy(quotas={"max_open_uploads": 50})
    items, _ = batches([{"policy_id": policy} for _ in range(40)] + [{"policy_id": other}])
    assert outcome(items) == ["taken"] * 20 + ["quota_exceeded"] * 20 + ["taken"]
    assert batches.world.open_uploads() == 21


def test_a_repetition_answers_the_same_and_makes_nothing(batches: Batches) -> None:
    policy = batches.world.policy(quotas={"max_open_uploads": 3})
    sources = [{"policy_id": policy} for _ in range(5)] + [{"url": "http://10.0.0.1/"}]
    first, _ = batches(sources, key="k")
    for upload in [row for row in batches.world.records.rows.values() if isinstance(row, Upload)]:
        batches.world.fetches.ended.add(upload.id)
    events, transactions = len(batches.world.fetches.names), batches.transactions
    again, replayed = batches(sources, key="k")
    assert replayed and again == first
    assert (len(batches.world.fetches.names), batches.transactions) == (events, transactions)
    assert batches.rows(Asset) == 3


def test_what_failed_on_our_side_is_gone_on_with_under_the_same_key(batches: Batches) -> None:
    sources = [{"title": str(number)} for number in range(3 * SLOTS_AT_ONCE)]
    working = batches.world.records.commit
    calls = 0

    def flaky(*writes: Write) -> None:
        nonlocal calls
        calls += any(isinstance(write, Count) for write in writes)
        if calls == 2 and any(isinstance(write, Count) for write in writes):
            raise ProviderFailure
        working(*writes)

    batches.world.records.commit = flaky  # type: ignore[method-assign]
    first, replayed = batches(sources, key="k")
    missing = ["provider_failure"] * SLOTS_AT_ONCE
    assert outcome(first) == ["taken"] * SLOTS_AT_ONCE + missing + ["taken"] * SLOTS_AT_ONCE
    assert not replayed and batches.rows(IngestBatch) == 0
    second, _ = batches(sources, key="k")
    assert set(outcome(second)) == {"taken"}
    assert [item for item in first if item.asset] == [
        item for item, before in zip(second, first, strict=True) if before.asset
    ]
    assert batches.rows(Asset) == len(sources) == batches.world.open_uploads()
    third, replayed = batches(sources, key="k")
    assert replayed and third == second


def test_a_call_ends_in_time_and_is_gone_on_with(batches: Batches) -> None:
    sources = [{"title": str(number)} for number in range(2 * SLOTS_AT_ONCE)]
    working = batches.world.records.commit

    def slow(*writes: Write) -> None:
        working(*writes)
        if any(isinstance(write, Count) for write in writes):
            batches.world.now.tick(seconds=STORING.total_seconds() + 10)

    batches.world.records.commit = slow  # type: ignore[method-assign]
    first, _ = batches(sources, key="k")
    assert outcome(first) == ["taken"] * SLOTS_AT_ONCE + ["provider_failure"] * SLOTS_AT_ONCE
    assert batches.world.fetches.names == [], "their starts are left to reconcile"
    batches.world.records.commit = working  # type: ignore[method-assign]
    batches.world.now.tick(seconds=61)
    second, _ = batches(sources, key="k")
    assert set(outcome(second)) == {"taken"}
    assert len(batches.world.fetches.names) == len(sources)


def test_costly_checks_end_in_time_too(batches: Batches) -> None:
    policy = batches.world.policy(metadata_schema='{"required": ["course"]}')
    sources = [{"policy_id": policy} for _ in range(2 * SLOTS_AT_ONCE)]
    check = batches.world.sources.check

    def slow(*arguments: Any, **options: Any) -> None:
        batches.world.now.tick(seconds=STORING.total_seconds() / SLOTS_AT_ONCE)
        check(*arguments, **options)

    batches.world.sources.check = slow  # type: ignore[method-assign]
    items, _ = batches(sources)
    assert outcome(items) == ["metadata_not_allowed"] * SLOTS_AT_ONCE + ["provider_failure"] * SLOTS_AT_ONCE


def test_without_a_key_nothing_is_remembered(batches: Batches) -> None:
    batches([{}])
    batches([{}])
    assert batches.rows(IngestBatch) == 0
    assert batches.rows(Asset) == 2
