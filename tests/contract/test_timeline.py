"""Rows of one asset in every store: newest first, from a position on, and none of its neighbours'."""

from datetime import UTC, datetime, timedelta

import pytest

from sluice import table
from sluice.adapters import timeline_rows
from sluice.adapters.denial_rows import DynamoDenials
from sluice.adapters.items import to_item
from sluice.adapters.records import DynamoRecords
from sluice.adapters.timeline_rows import DynamoTimeline
from sluice.domain.audit import Action, AuditRecord
from sluice.domain.deliveries import AssetDelivery
from sluice.domain.denials import Denial, DenialReason
from sluice.domain.events import EventType, Origin, describe
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, PlaybackLookup
from sluice.service.denials import DenialRows
from sluice.service.ports import Create, Records, Remove
from sluice.service.timeline_ports import Timeline
from tests.contract.samples import MOMENT, TENANT, make_asset, make_delivery, new_id
from tests.fakes.denials import FakeDenials
from tests.fakes.records import FakeRecords
from tests.fakes.timeline import FakeTimeline

ASSET = new_id(Prefix.ASSET)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def timeline(records: Records) -> Timeline:
    if isinstance(records, FakeRecords):
        return FakeTimeline(records)
    assert isinstance(records, DynamoRecords)
    return DynamoTimeline(records._client, records._table)


def sent(records: Records, asset_id: str = ASSET, tenant_id: str = TENANT) -> Delivery:
    delivery = make_delivery(asset_id=asset_id, tenant_id=tenant_id)
    pointer = AssetDelivery(
        tenant_id=tenant_id,
        asset_id=asset_id,
        webhook_id=delivery.webhook_id,
        event_id=delivery.event_id,
        created_at=delivery.created_at,
    )
    records.commit(Create(delivery), Create(pointer))
    return delivery


def test_events_are_those_of_the_asset_newest_first(records: Records, timeline: Timeline) -> None:
    asset = make_asset(id=ASSET)
    records.commit(Create(asset))
    for owner in (asset, make_asset()):
        for sequence in range(1, 13):
            told = owner.model_copy(update={"sequence": sequence})
            origin = Origin("dev", MOMENT, new_id(Prefix.EVENT))
            records.commit(Create(describe(told, EventType.ASSET_UPDATED, origin, previous_state=None)))
    newest = timeline.asset_events(TENANT, ASSET, before=None, limit=3)
    assert [(event.asset_id, event.sequence) for event in newest] == [(ASSET, 12), (ASSET, 11), (ASSET, 10)]
    assert [event.sequence for event in timeline.asset_events(TENANT, ASSET, before=10, limit=99)] == [*range(9, 0, -1)]
    assert timeline.asset_events(TENANT, ASSET, before=1, limit=9) == []


def test_deliveries_are_found_from_their_asset(
    records: Records, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline_rows, "BATCH", 2)
    deliveries = [sent(records) for _ in range(5)]
    sent(records, asset_id=new_id(Prefix.ASSET))
    sent(records, tenant_id=new_id(Prefix.TENANT))
    records.commit(Remove(deliveries[3]))  # the clean-up took it before its pointer
    found = timeline.asset_deliveries(TENANT, ASSET, before=None, limit=3)
    assert [delivery for _, delivery in found] == [deliveries[4], deliveries[2], deliveries[1]]
    rest = timeline.asset_deliveries(TENANT, ASSET, before=found[-1][0], limit=3)
    assert [delivery for _, delivery in rest] == [deliveries[0]]
    assert timeline.asset_deliveries(TENANT, ASSET, before=rest[-1][0], limit=3) == []


def asked(asset_id: str = ASSET, tenant_id: str = TENANT) -> AuditRecord:
    return AuditRecord(
        id=new_id(Prefix.AUDIT),
        tenant_id=tenant_id,
        asset_id=asset_id,
        at=MOMENT,
        actor=new_id(Prefix.API_KEY),
        action=Action.ASSET_RETRY,
        job_id=new_id(Prefix.JOB),
        request_id="r",
        correlation_id="c",
    )


def test_audit_records_are_those_of_the_asset_newest_first(records: Records, timeline: Timeline) -> None:
    mine = [asked() for _ in range(4)]
    others = [asked(asset_id=new_id(Prefix.ASSET)), asked(tenant_id=new_id(Prefix.TENANT))]
    records.commit(*(Create(record) for record in (*mine, *others)))
    assert timeline.asset_audit(TENANT, ASSET, before=None, limit=2) == [mine[3], mine[2]]
    assert timeline.asset_audit(TENANT, ASSET, before=mine[2].id, limit=9) == [mine[1], mine[0]]
    assert timeline.asset_audit(TENANT, ASSET, before=mine[0].id, limit=9) == []


@pytest.fixture
def rows(records: Records) -> DenialRows:
    if isinstance(records, FakeRecords):
        return FakeDenials(records)
    assert isinstance(records, DynamoRecords)
    return DynamoDenials(records._client, records._table)


def denied(minute: int = 0, second: int = 7, **changes: object) -> Denial:
    fields: dict[str, object] = {
        "tenant_id": TENANT,
        "asset_id": ASSET,
        "reason": DenialReason.TOKEN_EXPIRED,
        "minute": NOON + timedelta(minutes=minute),
        "last_at": NOON + timedelta(minutes=minute, seconds=second),
        "request_id": "r-1",
        "session_id": None,
    }
    return Denial.model_validate(fields | changes)


def test_denials_of_a_minute_are_counted_in_one_row(rows: DenialRows, timeline: Timeline) -> None:
    rows.add(denied(second=7, session_id="ses_1"))
    rows.add(denied(second=9, request_id="r-2"))
    [(_, counted)] = timeline.asset_denials(TENANT, ASSET, before=None, limit=9)
    assert counted == denied(second=9, request_id="r-2", session_id="ses_1", count=2)


def test_denials_are_those_of_the_asset_newest_first(rows: DenialRows, timeline: Timeline) -> None:
    mine = [denied(0), denied(1), denied(1, reason=DenialReason.WRONG_TOKEN), denied(60)]
    for denial in (*mine, denied(asset_id=new_id(Prefix.ASSET)), denied(tenant_id=new_id(Prefix.TENANT))):
        rows.add(denial)
    found = timeline.asset_denials(TENANT, ASSET, before=None, limit=3)
    assert [denial for _, denial in found] == [mine[3], mine[2], mine[1]]
    rest = timeline.asset_denials(TENANT, ASSET, before=found[-1][0], limit=3)
    assert [denial for _, denial in rest] == [mine[0]]
    assert timeline.asset_denials(TENANT, ASSET, before=rest[-1][0], limit=3) == []


def test_whose_a_playback_id_is(records: Records, rows: DenialRows) -> None:
    known = PlaybackLookup(playback_id=new_id(Prefix.PLAYBACK), tenant_id=TENANT, asset_id=ASSET)
    records.commit(Create(known))
    assert (rows.playback(known.playback_id), rows.playback(new_id(Prefix.PLAYBACK))) == (known, None)


def test_a_denial_is_kept_for_thirty_days(dynamo: DynamoRecords) -> None:
    DynamoDenials(dynamo._client, dynamo._table).add(denied())
    [item] = dynamo._items(table.asset_denial(TENANT, ASSET, "", "").pk)
    assert int(item["ttl"]["N"]) == int((NOON + timedelta(days=30)).timestamp())


def test_an_audit_record_is_kept_for_a_year() -> None:
    assert int(to_item(asked())["ttl"]["N"]) == int((MOMENT + timedelta(days=365)).timestamp())


def test_a_pointer_lives_as_long_as_its_delivery() -> None:
    delivery = make_delivery(asset_id=ASSET, created_at=MOMENT + timedelta(days=1))
    fields = delivery.model_dump(include={"tenant_id", "asset_id", "webhook_id", "event_id", "created_at"})
    assert to_item(AssetDelivery(**fields))["ttl"] == to_item(delivery)["ttl"]
