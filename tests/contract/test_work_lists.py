"""Work lists of every record store: a row is listed when it is due, and until somebody has acted on it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sluice.adapters.item_keys import key_of
from sluice.adapters.record_writes import wire_key
from sluice.adapters.records import DynamoRecords
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event, EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Delivery, Job, RetiredSecret, WebhookEndpoint
from sluice.domain.states import DeliveryState, JobState, ThumbnailState, UploadState
from sluice.domain.thumbnails import Thumbnail, discarded
from sluice.domain.upload import Upload
from sluice.service.feed_ports import Dispatched
from sluice.service.ports import Create, Records, Remove, Replace
from tests.contract.samples import (
    MOMENT,
    TENANT,
    make_asset,
    make_delivery,
    make_job,
    make_thumbnail,
    make_upload,
    make_webhook,
    new_id,
)

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
        (
            lambda: make_webhook(retired_secrets=(RetiredSecret(rotation_id=None, ciphertext="old", until=MOMENT),)),
            {"retired_secrets": ()},
            lambda r, t: r.retired_secrets(before=t, limit=9),
        ),
        (make_delivery, {"state": DeliveryState.DELIVERED}, lambda r, t: r.due_deliveries(before=t, limit=9)),
        (make_thumbnail, {"state": ThumbnailState.READY}, lambda r, t: r.pending_thumbnails(before=t, limit=9)),
    ],
    ids=[
        "expired_uploads",
        "unsettled_uploads",
        "unfinished_jobs",
        "retired_secrets",
        "due_deliveries",
        "pending_thumbnails",
    ],
)
def test_work_is_listed_when_due_and_until_it_is_done(
    records: Records,
    make: Callable[[], Upload | Job | Delivery | WebhookEndpoint | Thumbnail],
    settled: dict[str, object],
    work: Callable[[Records, datetime], list[object]],
) -> None:
    record = make()
    records.commit(Create(record))
    assert work(records, MOMENT) == []
    assert work(records, LATER) == [record]
    records.commit(Replace(record.model_copy(update={**settled, "version": 2})))
    assert work(records, LATER) == []


def test_a_picture_is_removed_in_its_time_and_its_row_with_it(records: Records) -> None:
    picture = discarded(make_asset(), new_id(Prefix.THUMBNAIL), MOMENT)
    records.commit(Create(picture))
    with pytest.raises(WriteConflict):
        records.commit(Create(picture))
    second = timedelta(seconds=1)
    assert records.discarded_pictures(before=picture.remove_at, limit=9) == []
    assert records.discarded_pictures(before=picture.remove_at + second, limit=9) == [picture]
    records.commit(Remove(picture))
    assert records.discarded_pictures(before=picture.remove_at + second, limit=9) == []


def test_a_postponed_row_waits_unless_it_changes(records: Records) -> None:
    job, changing = make_job(), make_job()
    records.commit(Create(job), Create(changing))
    for row in (job, changing):
        records.postpone(row, LATER)
    assert records.unfinished_jobs(before=LATER, limit=9) == []
    assert records.unfinished_jobs(before=LATER + timedelta(seconds=1), limit=1) in ([job], [changing])
    assert records.job(TENANT, job.id) == job
    changed = changing.model_copy(update={"state": JobState.RUNNING, "version": 2})
    records.commit(Replace(changed))
    assert records.unfinished_jobs(before=LATER, limit=9) == [changed]


def test_postponing_what_is_done_lists_nothing(records: Records) -> None:
    job = make_job(state=JobState.SUCCEEDED)
    records.commit(Create(job))
    records.postpone(job, MOMENT)
    assert records.unfinished_jobs(before=LATER, limit=9) == []


def test_the_oldest_work_comes_first_and_no_more_than_asked(records: Records) -> None:
    jobs = [make_job(updated_at=MOMENT + timedelta(minutes=number)) for number in range(20)]
    records.commit(*map(Create, reversed(jobs)))
    assert {job.id for job in records.unfinished_jobs(before=LATER, limit=5)} == {job.id for job in jobs[:5]}


def test_an_event_is_listed_until_it_is_dispatched(records: Records) -> None:
    origin = Origin(environment="dev", now=MOMENT, event_id=new_id(Prefix.EVENT))
    asset, event = advance(make_asset(version=0), EventType.ASSET_CREATED, origin)
    records.commit(Create(asset), Create(event))
    assert records.undispatched_events(before=MOMENT, limit=9) == []
    assert records.undispatched_events(before=LATER, limit=9) == [event]
    assert records.undispatched([event, event]) == [event]
    records.commit(Dispatched(event))
    with pytest.raises(WriteConflict):
        records.commit(Dispatched(event))
    assert records.undispatched([event]) == []
    assert records.undispatched_events(before=LATER, limit=9) == []
    assert records.event(TENANT, asset.id, 1) == event.model_copy(update={"dispatched": True})


def test_an_unknown_event_is_not_dispatched(records: Records) -> None:
    stranger = Event(
        id=new_id(Prefix.EVENT),
        type=EventType.ASSET_CREATED,
        tenant_id=TENANT,
        asset_id=new_id(Prefix.ASSET),
        sequence=1,
        timestamp=MOMENT,
        body="{}",
    )
    with pytest.raises(WriteConflict):
        records.commit(Dispatched(stranger))
    assert records.undispatched([stranger]) == []
    assert records.event(TENANT, stranger.asset_id, 1) is None


def test_a_work_list_is_bounded(records: Records) -> None:
    records.commit(*(Create(make_job()) for _ in range(20)))
    assert len(records.unfinished_jobs(before=LATER, limit=7)) == 7


def test_a_row_that_cannot_be_read_keeps_no_other_waiting(
    dynamo: DynamoRecords, caplog: pytest.LogCaptureFixture
) -> None:
    """After a rollback the table holds rows with fields that this release does not know."""
    strange, plain = make_delivery(), make_delivery()
    dynamo.commit(Create(strange), Create(plain))
    dynamo._client.update_item(
        TableName="sluice",
        Key=wire_key(key_of(strange)),
        UpdateExpression="SET #record.of_tomorrow = :true",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":true": {"BOOL": True}},
    )
    assert dynamo.due_deliveries(before=LATER, limit=9) == [plain]
    assert [(record.message, record.pk) for record in caplog.records] == [("work_unreadable", key_of(strange).pk)]
