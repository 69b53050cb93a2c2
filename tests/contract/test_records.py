"""What every record store keeps, the in-memory one and DynamoDB's: all or nothing, and assumptions that hold."""

import pytest

from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.endpoint_health import Gate
from sluice.domain.errors import WriteConflict
from sluice.domain.event_payloads import PingPayload
from sluice.domain.events import EventType, Origin, advance, describe_of_tenant
from sluice.domain.feed import hour_of
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ids import Prefix
from sluice.domain.models import (
    ApiKey,
    JobProgress,
    JobResult,
    PlaybackLookup,
    Tenant,
)
from sluice.domain.quality import QualityChoice, RungChoice
from sluice.domain.states import AssetState
from sluice.service.feed import append_events
from sluice.service.ports import Create, Records, Remove, Replace
from tests.contract.samples import (
    MOMENT,
    TENANT,
    make_asset,
    make_delivery,
    make_health,
    make_job,
    make_slot,
    make_upload,
    make_webhook,
    new_id,
)


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
    assert records.job_quality(nobody, "job_x") is None
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
    choice = QualityChoice(
        tenant_id=TENANT,
        job_id=job.id,
        sampled=True,
        rungs=(RungChoice(name="v1080", crf=26, vmaf=93.2, kbps=1800), RungChoice(name="v720", crf=23, kept=False)),
        created_at=MOMENT,
    )
    records.save_quality(choice)
    assert records.job_quality(TENANT, job.id) == choice
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


def test_a_gate_is_the_health_and_the_slots_of_one_endpoint(records: Records) -> None:
    health, first, second = make_health(), make_slot(), make_slot(number=7)
    mine = {"webhook_id": health.webhook_id}
    first, second = first.model_copy(update=mine), second.model_copy(update=mine)
    records.commit(*map(Create, (health, second, first, make_health(), make_slot())))
    assert records.gate(TENANT, health.webhook_id) == Gate(health, (first, second))
    assert records.gate(TENANT, new_id(Prefix.WEBHOOK)) == Gate(None, ())
    with pytest.raises(WriteConflict):
        records.commit(Create(first))


def test_events_of_a_delivery_are_found_of_an_asset_or_not(records: Records) -> None:
    origin = Origin("dev", MOMENT, new_id(Prefix.EVENT))
    alone = describe_of_tenant(
        EventType.WEBHOOK_ENDPOINT_DISABLED, TENANT, origin, correlation_id="c", data=PingPayload(webhook_id="whk_x")
    )
    _, event = advance(make_asset(), EventType.TRANSCODE_READY, origin)
    records.commit(Create(alone), Create(event))
    of = {"event_id": origin.event_id}
    assert records.event_of(make_delivery(**of, asset_id=None, sequence=None)) == alone
    assert records.event_of(make_delivery(**of, asset_id=event.asset_id, sequence=event.sequence)) == event
    assert records.undispatched_events(before=MOMENT.replace(year=2027), limit=9) in ([alone, event], [event, alone])
    append_events([alone], records=records, now=lambda: MOMENT)
    assert [entry.asset_id for entry in records.feed_entries(TENANT, hour_of(MOMENT), after=0, limit=9)] == [None]
    assert records.undispatched_events(before=MOMENT.replace(year=2027), limit=9) == [event]
