from datetime import datetime, timedelta

import pytest

from sluice.domain.leases import VcpuLimits
from sluice.domain.models import Delivery, Job, RetiredSecret
from sluice.domain.replays import Replay
from sluice.domain.states import AssetState, JobState, UploadState
from sluice.service.ports import Create
from sluice.service.reconcile import LIMIT
from tests.contract.samples import make_delivery, make_replay, make_webhook
from tests.unit.sweeping import sweep
from tests.unit.world import World


def stored_job(world: World, job: Job) -> Job:
    stored = world.records.job(job.tenant_id, job.id)
    assert stored is not None
    return stored


def test_replays_go_on_until_they_end() -> None:
    world = World()
    endpoint = make_webhook()
    world.records.commit(Create(endpoint))
    replays = [make_replay(webhook_id=endpoint.id), make_replay(), make_replay(webhook_id=endpoint.id)]
    for replay in replays:
        world.records.commit(Create(replay))
    world.now.moment = replays[0].updated_at + timedelta(seconds=61)
    assert sweep(world)["due_replays"] == 3
    rows = [row for row in world.records.rows.values() if isinstance(row, Replay)]
    assert [row.state for row in rows] == ["completed", "stopped", "completed"]


def test_a_quiet_minute_does_nothing() -> None:
    assert set(sweep(World()).values()) == {0}


def test_an_expired_slot_is_closed_and_its_parts_are_freed() -> None:
    world = World()
    upload, asset = world.create()
    world.sign(upload, 1)
    world.now.tick(seconds=3601)
    assert sweep(world)["expired_uploads"] == 1
    assert world.upload(upload).state is UploadState.EXPIRED
    assert world.asset_of(upload).state is AssetState.DELETED
    assert world.event_types(asset.id)[-1] == "upload.expired"
    assert not world.objects.open
    assert sweep(world)["expired_uploads"] == 0


def test_a_lost_s3_event_is_made_up_for() -> None:
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    assert sweep(world)["unsettled_uploads"] == 0  # the ordinary path gets its minute
    world.now.tick(seconds=61)
    assert sweep(world)["unsettled_uploads"] == 1
    assert world.asset_of(upload).state is AssetState.UPLOADED
    assert len(world.executions.names) == 1


def test_a_lost_completion_request_is_sent_again() -> None:
    world = World()
    upload, _ = world.create()
    world.request_completion(upload)
    world.queue.sent.clear()
    world.now.tick(seconds=61)
    sweep(world)
    assert world.queue.sent == [(upload.tenant_id, upload.id)]


def test_a_job_that_was_never_started_is_started() -> None:
    world = World()
    _, _, job = world.uploaded()
    world.executions.names.clear()
    world.now.tick(seconds=61)
    sweep(world)
    assert world.executions.names == [job.id] and stored_job(world, job).state is JobState.QUEUED


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_job_whose_execution_died_fails_as_ours(state: JobState) -> None:
    world = World()
    upload, asset, job = world.uploaded()
    if state is JobState.RUNNING:
        world.records.rows.update(
            {key: row.model_copy(update={"state": state}) for key, row in world.records.rows.items() if row == job}
        )
    world.now.tick(minutes=6)
    sweep(world)
    assert world.asset_of(upload).state is AssetState.UPLOADED  # its execution runs
    world.executions.ended.add(job.id)
    world.now.tick(minutes=8)
    sweep(world)
    failed = world.asset_of(upload)
    assert failed.state is AssetState.FAILED and failed.error is not None
    assert (failed.error.code, failed.error.retryable) == ("provider.execution_lost", True)
    assert stored_job(world, job).state is JobState.FAILED
    assert world.event_types(asset.id)[-1] == "error.processing"


def test_a_job_started_just_now_is_not_asked_for() -> None:
    """Its execution may not be visible yet."""
    world = World()
    upload, _, _ = world.uploaded()
    world.executions.names.clear()
    world.executions.running = lambda job: False  # type: ignore[method-assign]
    world.now.tick(seconds=61)
    sweep(world)
    assert world.asset_of(upload).state is AssetState.UPLOADED


def test_long_jobs_do_not_keep_a_lost_one_waiting() -> None:
    world = World(limits=VcpuLimits(environment=10_000, tenant=10_000))
    for _ in range(LIMIT + 5):
        world.uploaded()
    world.now.tick(seconds=30)
    upload, _, lost = world.uploaded()
    world.executions.names.remove(lost.id)
    world.now.tick(seconds=61)
    assert sweep(world)["unfinished_jobs"] == LIMIT
    sweep(world)
    assert lost.id in world.executions.names and world.upload(upload).state is UploadState.COMPLETE


def test_a_completion_under_way_is_not_joined_by_a_second_one() -> None:
    world = World()
    upload, _ = world.create()
    world.request_completion(upload)
    world.queue.sent.clear()
    for _ in range(5):
        world.now.tick(seconds=61)
        sweep(world)
    assert len(world.queue.sent) == 1


def test_events_nobody_dispatched_are_dispatched() -> None:
    world = World()
    _, asset = world.create()
    world.now.tick(seconds=61)
    assert sweep(world)["undispatched_events"] == 2
    assert all(event.dispatched for event in world.records.events(asset.tenant_id, asset.id))
    assert sweep(world)["undispatched_events"] == 0


def test_one_bad_row_does_not_stop_the_sweep() -> None:
    world = World()
    bad, _ = world.create()
    good, _ = world.create()
    abort = world.objects.abort_multipart

    def flaky(key: str, multipart_id: str) -> None:
        if key == bad.key:
            raise ConnectionError
        abort(key, multipart_id)

    world.objects.abort_multipart = flaky  # type: ignore[method-assign]
    world.now.tick(seconds=3601)
    assert sweep(world)["expired_uploads"] == 1
    assert world.upload(good).state is UploadState.EXPIRED and good.multipart_id not in world.objects.open


def test_a_kind_that_cannot_be_listed_fails_the_sweep_after_the_others() -> None:
    world = World()
    upload, _ = world.create()

    def broken(*, before: datetime, limit: int) -> list[Delivery]:
        raise ConnectionError

    world.records.due_deliveries = broken  # type: ignore[method-assign]
    world.now.tick(seconds=3601)
    with pytest.raises(ConnectionError):
        sweep(world)
    assert world.upload(upload).state is UploadState.EXPIRED


def test_a_backlog_is_worked_off_in_one_sweep() -> None:
    world = World()
    for _ in range(LIMIT + 5):
        world.records.commit(Create(make_delivery(next_attempt_at=world.now())))
    world.now.tick(seconds=1)
    assert sweep(world)["due_deliveries"] == LIMIT + 5
    assert world.records.due_deliveries(before=world.now(), limit=LIMIT) == []


def test_a_secret_whose_time_is_over_is_dropped() -> None:
    world = World()
    retired = RetiredSecret(rotation_id=None, ciphertext="old", until=world.now() + timedelta(hours=1))
    endpoint = make_webhook(retired_secrets=(retired,))
    world.records.commit(Create(endpoint))
    assert sweep(world)["retired_secrets"] == 0
    world.now.tick(hours=2)
    assert sweep(world)["retired_secrets"] == 1
    [left] = world.records.webhooks(endpoint.tenant_id)
    assert left.retired_secrets == () and left.secret_ciphertext == endpoint.secret_ciphertext
    assert sweep(world)["retired_secrets"] == 0
