"""What every record store keeps, the in-memory one and DynamoDB's: all or nothing, and assumptions that hold."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import boto3
import pytest
from moto import mock_aws

from sluice import table
from sluice.adapters.records import DynamoRecords
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event, EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import (
    ApiKey,
    Asset,
    Delivery,
    DeliveryAttempt,
    IdempotencyRecord,
    Job,
    JobProgress,
    JobResult,
    PlaybackLookup,
    Tenant,
    Upload,
    WebhookEndpoint,
)
from sluice.domain.states import AssetState, DeliveryState, JobState, UploadState
from sluice.service.ports import Create, Records, Remove, Replace
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeIds

MOMENT = datetime(2026, 12, 1, 10, 0, 0, 123000, tzinfo=UTC)
new_id = FakeIds()
TENANT = new_id(Prefix.TENANT)


@pytest.fixture
def dynamo() -> Iterator[DynamoRecords]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        names = [table.PK, table.SK, table.LIST_PK, table.LIST_SK, table.DUE_PK, table.DUE_SK]

        def keys(pk: str, sk: str) -> list[dict[str, str]]:
            return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]

        def index(name: str, pk: str, sk: str) -> dict[str, object]:
            return {"IndexName": name, "KeySchema": keys(pk, sk), "Projection": {"ProjectionType": "KEYS_ONLY"}}

        client.create_table(
            TableName="sluice",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=keys(table.PK, table.SK),
            GlobalSecondaryIndexes=[
                index(table.LIST_INDEX, table.LIST_PK, table.LIST_SK),
                index(table.DUE_INDEX, table.DUE_PK, table.DUE_SK),
            ],
        )
        yield DynamoRecords(client, "sluice")


@pytest.fixture(params=["fake", "dynamo"])
def records(request: pytest.FixtureRequest) -> Records:
    return FakeRecords() if request.param == "fake" else request.getfixturevalue("dynamo")


def make_asset(**changes: object) -> Asset:
    fields: dict[str, object] = {
        "id": new_id(Prefix.ASSET),
        "tenant_id": TENANT,
        "state": AssetState.CREATED,
        "upload_id": new_id(Prefix.UPLOAD),
        "playback_ids": (new_id(Prefix.PLAYBACK),),
        "metadata": {"camera": "1"},
        "duration_s": 12.387,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Asset.model_validate(fields | changes)


def make_upload(**changes: object) -> Upload:
    fields: dict[str, object] = {
        "id": new_id(Prefix.UPLOAD),
        "tenant_id": TENANT,
        "asset_id": new_id(Prefix.ASSET),
        "state": UploadState.OPEN,
        "key": "uploads/x",
        "multipart_id": "m",
        "size_bytes": 1,
        "part_size": 8 << 20,
        "content_type": "video/mp4",
        "filename": None,
        "expires_at": MOMENT + timedelta(hours=1),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Upload.model_validate(fields | changes)


def make_job(**changes: object) -> Job:
    fields: dict[str, object] = {
        "id": new_id(Prefix.JOB),
        "tenant_id": TENANT,
        "asset_id": new_id(Prefix.ASSET),
        "state": JobState.QUEUED,
        "source_key": "uploads/x",
        "source_bytes": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Job.model_validate(fields | changes)


def make_delivery(**changes: object) -> Delivery:
    fields: dict[str, object] = {
        "id": new_id(Prefix.DELIVERY),
        "tenant_id": TENANT,
        "webhook_id": new_id(Prefix.WEBHOOK),
        "event_id": new_id(Prefix.EVENT),
        "event_type": "upload.complete",
        "asset_id": new_id(Prefix.ASSET),
        "sequence": 1,
        "state": DeliveryState.PENDING,
        "next_attempt_at": MOMENT,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Delivery.model_validate(fields | changes)


def make_webhook(**changes: object) -> WebhookEndpoint:
    fields: dict[str, object] = {
        "id": new_id(Prefix.WEBHOOK),
        "tenant_id": TENANT,
        "url": "https://example.com/hook",
        "description": None,
        "event_types": ("*",),
        "secret_ciphertext": "c",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return WebhookEndpoint.model_validate(fields | changes)


def test_what_is_written_is_read_back(records: Records) -> None:
    asset, upload, job = make_asset(), make_upload(), make_job()
    delivery, webhook = make_delivery(), make_webhook()
    tenant = Tenant(id=TENANT, name="Acme", created_at=MOMENT)
    key = ApiKey(
        id=new_id(Prefix.API_KEY), tenant_id=TENANT, name="k", scopes=("assets:read",), digest="00", created_at=MOMENT
    )
    lookup = PlaybackLookup(playback_id=asset.playback_ids[0], tenant_id=TENANT, asset_id=asset.id)
    once = IdempotencyRecord(
        tenant_id=TENANT,
        route="POST /v1/uploads",
        key="a b",
        body_hash="00",
        resource_id=upload.id,
        state="in_flight",
        created_at=MOMENT,
    )
    records.commit(*map(Create, (asset, upload, job, delivery, webhook, tenant, key, lookup, once)))
    assert records.asset(TENANT, asset.id) == asset
    assert records.upload(TENANT, upload.id) == upload
    assert records.job(TENANT, job.id) == job
    assert records.delivery(TENANT, delivery.webhook_id, delivery.event_id) == delivery
    assert records.webhook(TENANT, webhook.id) == webhook
    assert records.webhooks(TENANT) == [webhook]
    assert records.tenant(TENANT) == tenant
    assert records.api_key(key.id) == key
    assert records.playback(lookup.playback_id) == lookup
    assert records.idempotency(TENANT, once.route, once.key) == once


def test_what_was_never_written_is_none(records: Records) -> None:
    nobody = new_id(Prefix.TENANT)
    assert records.asset(nobody, "ast_x") is None
    assert records.upload(nobody, "upl_x") is None
    assert records.playback("plb_x") is None
    assert records.webhooks(nobody) == []
    assert records.job_result(nobody, "job_x", 1) is None
    assert records.list_assets(nobody, limit=10, before=None) == ([], None)


def test_another_tenants_rows_are_not_reachable(records: Records) -> None:
    asset = make_asset()
    records.commit(Create(asset))
    assert records.asset(new_id(Prefix.TENANT), asset.id) is None


def test_a_row_is_created_once(records: Records) -> None:
    asset = make_asset()
    records.commit(Create(asset))
    with pytest.raises(WriteConflict):
        records.commit(Create(asset))


def test_a_change_needs_the_version_it_was_decided_on(records: Records) -> None:
    asset = make_asset()
    records.commit(Create(asset))
    changed = asset.model_copy(update={"title": "mine", "version": 2})
    records.commit(Replace(changed))
    with pytest.raises(WriteConflict):
        records.commit(Replace(asset.model_copy(update={"title": "theirs", "version": 2})))
    with pytest.raises(WriteConflict):
        records.commit(Replace(make_asset(version=2)))
    assert records.asset(TENANT, asset.id) == changed


def test_a_removal_needs_the_version_too(records: Records) -> None:
    webhook = make_webhook()
    records.commit(Create(webhook))
    with pytest.raises(WriteConflict):
        records.commit(Remove(webhook.model_copy(update={"version": 9})))
    records.commit(Remove(webhook))
    assert records.webhook(TENANT, webhook.id) is None


def test_one_broken_assumption_writes_nothing(records: Records) -> None:
    taken, fresh = make_asset(), make_asset()
    records.commit(Create(taken))
    with pytest.raises(WriteConflict):
        records.commit(Create(fresh), Create(taken))
    assert records.asset(TENANT, fresh.id) is None


def test_two_writers_never_both_win(records: Records) -> None:
    asset = make_asset()
    records.commit(Create(asset))
    outcomes: list[str] = []
    together = Barrier(2)

    def write(title: str) -> None:
        together.wait(timeout=10)
        try:
            records.commit(Replace(asset.model_copy(update={"title": title, "version": 2})))
            outcomes.append(title)
        except WriteConflict:
            outcomes.append("conflict")

    threads = [Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes)[-1] == "conflict" and len(set(outcomes)) == 2
    stored = records.asset(TENANT, asset.id)
    assert stored is not None and stored.title in outcomes


def test_lists_are_newest_first_in_pages_without_gaps_or_tombstones(records: Records) -> None:
    assets = [make_asset() for _ in range(5)]
    deleted = make_asset(state=AssetState.DELETED)
    records.commit(*map(Create, [*assets, deleted]))
    first, cursor = records.list_assets(TENANT, limit=2, before=None)
    second, cursor_2 = records.list_assets(TENANT, limit=2, before=cursor)
    third, end = records.list_assets(TENANT, limit=2, before=cursor_2)
    assert [a.id for a in first + second + third] == [a.id for a in reversed(assets)]
    assert cursor is not None and cursor_2 is not None and end is None


def test_a_full_last_page_has_no_cursor(records: Records) -> None:
    records.commit(Create(make_asset()), Create(make_asset()))
    page, cursor = records.list_assets(TENANT, limit=2, before=None)
    assert len(page) == 2 and cursor is None


LATER = MOMENT + timedelta(hours=2)


@pytest.mark.parametrize(
    ("make", "settled", "work"),
    [
        (make_upload, {"state": UploadState.COMPLETE}, lambda r, t: r.expired_uploads(before=t, limit=9)),
        (
            lambda: make_upload(state=UploadState.COMPLETING),
            {"state": UploadState.COMPLETE},
            lambda r, t: r.unsettled_uploads(before=t, limit=9),
        ),
        (make_job, {"state": JobState.SUCCEEDED}, lambda r, t: r.unfinished_jobs(before=t, limit=9)),
        (make_delivery, {"state": DeliveryState.DELIVERED}, lambda r, t: r.due_deliveries(before=t, limit=9)),
    ],
    ids=["expired_uploads", "unsettled_uploads", "unfinished_jobs", "due_deliveries"],
)
def test_work_is_listed_when_due_and_until_it_is_done(
    records: Records,
    make: Callable[[], Upload | Job | Delivery],
    settled: dict[str, object],
    work: Callable[[Records, datetime], list[object]],
) -> None:
    record = make()
    records.commit(Create(record))
    assert work(records, MOMENT) == []
    assert work(records, LATER) == [record]
    records.commit(Replace(record.model_copy(update={**settled, "version": 2})))
    assert work(records, LATER) == []


def test_an_event_is_listed_until_it_is_dispatched(records: Records) -> None:
    origin = Origin(environment="dev", now=MOMENT, event_id=new_id(Prefix.EVENT))
    asset, event = advance(make_asset(version=0), EventType.ASSET_CREATED, origin)
    records.commit(Create(asset), Create(event))
    assert records.undispatched_events(before=MOMENT, limit=9) == []
    assert records.undispatched_events(before=LATER, limit=9) == [event]
    for _ in range(2):
        records.mark_dispatched(event)
    assert records.undispatched_events(before=LATER, limit=9) == []
    assert records.event(TENANT, asset.id, 1) == event.model_copy(update={"dispatched": True})


def test_marking_an_unknown_event_writes_nothing(records: Records) -> None:
    stranger = Event(
        id=new_id(Prefix.EVENT),
        type=EventType.ASSET_CREATED,
        tenant_id=TENANT,
        asset_id=new_id(Prefix.ASSET),
        sequence=1,
        timestamp=MOMENT,
        body="{}",
    )
    records.mark_dispatched(stranger)
    assert records.event(TENANT, stranger.asset_id, 1) is None


def test_a_work_list_is_bounded(records: Records) -> None:
    records.commit(*(Create(make_job()) for _ in range(20)))
    assert len(records.unfinished_jobs(before=LATER, limit=7)) == 7


def test_notes_of_a_task_are_overwritten_freely(records: Records) -> None:
    job = make_job()
    for percent in (1.5, 99.5):
        progress = JobProgress(
            tenant_id=TENANT, job_id=job.id, attempt=1, stage="encode", percent=percent, updated_at=MOMENT
        )
        records.save_progress(progress)
        assert records.job_progress(TENANT, job.id) == progress
    result = JobResult(tenant_id=TENANT, job_id=job.id, attempt=1, outcome="interrupted", created_at=MOMENT)
    records.save_result(result)
    assert records.job_result(TENANT, job.id, 1) == result
    records.save_attempt(
        DeliveryAttempt(
            tenant_id=TENANT,
            webhook_id="whk_x",
            event_id="evt_x",
            number=1,
            sent_at=MOMENT,
            latency_ms=3,
            status=200,
            failure=None,
            response="ok",
        )
    )
