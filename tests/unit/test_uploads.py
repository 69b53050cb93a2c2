import json
from dataclasses import replace

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload_errors import (
    PartOutOfRange,
    UploadClosed,
    UploadExpired,
    UploadIncomplete,
    UploadNotFound,
    UploadTooLarge,
)
from sluice.service import upload_abort, uploads
from tests.unit.world import World


def test_creating_reserves_the_asset_and_says_so() -> None:
    world = World()
    upload, asset = world.create(20 * MIB)
    assert (upload.state, asset.state, upload.part_size) == (UploadState.OPEN, AssetState.CREATED, 8 * MIB)
    assert upload.key == f"uploads/{world.caller.tenant_id}/{upload.id}"
    events = world.records.events(world.caller.tenant_id, asset.id)
    assert [(event.type, event.sequence) for event in events] == [("asset.created", 1), ("upload.created", 2)]
    body = json.loads(events[0].body)
    assert body["data"]["state"] == "created" and body["request_id"] == "req-1" and body["correlation_id"] == "cor-1"
    lookup = world.records.playback(asset.playback_ids[0])
    assert lookup is not None and lookup.asset_id == asset.id


def test_a_repeated_creation_answers_with_the_first_upload() -> None:
    world = World()
    first, asset = world.create()
    again, same_asset = world.create(upload_id=first.id)
    assert (again, same_asset) == (first, asset)
    assert len(world.objects.open) == 1


def test_a_creation_that_meets_another_writer_leaves_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def conflict(*_writes: object) -> None:
        raise WriteConflict()

    monkeypatch.setattr(world.records, "commit", conflict)
    with pytest.raises(WriteConflict):
        world.create()
    assert not world.objects.open


def test_more_than_can_be_transcoded_is_refused_before_anything_is_reserved() -> None:
    world = World()
    with pytest.raises(UploadTooLarge):
        world.create(100 * 10**9 + 1)
    assert not world.records.rows and not world.objects.open


def test_signing_binds_the_exact_lengths_and_starts_ingesting() -> None:
    world = World()
    upload, _ = world.create(20 * MIB)
    signed = world.sign(upload, 1, 3)
    assert [(part.number, part.length) for part in signed] == [(1, 8 * MIB), (3, 4 * MIB)]
    assert world.asset_of(upload).state is AssetState.INGESTING
    world.sign(upload, 2)
    assert world.event_types(upload.asset_id).count("asset.updated") == 1


@pytest.mark.parametrize("number", [0, -1, 4, 10_001])
def test_a_part_outside_the_upload_is_refused(number: int) -> None:
    world = World()
    upload, _ = world.create(20 * MIB)
    with pytest.raises(PartOutOfRange):
        world.sign(upload, 1, number)


def test_a_part_url_never_outlives_its_upload() -> None:
    world = World()
    upload, _ = world.create()
    world.now.tick(seconds=3600 - 30)
    assert world.sign(upload, 1)[0].url.endswith("expires=30")


def test_after_its_deadline_an_upload_takes_nothing() -> None:
    world = World()
    upload, _ = world.create()
    world.now.tick(seconds=3600)
    with pytest.raises(UploadExpired):
        world.sign(upload, 1)
    with pytest.raises(UploadExpired):
        world.request_completion(upload)


def test_another_tenants_upload_is_not_found() -> None:
    world = World()
    upload, _ = world.create()
    world.caller = replace(world.caller, tenant_id="ten_" + "0" * 26)
    for call in (lambda: world.sign(upload, 1), lambda: world.request_completion(upload)):
        with pytest.raises(UploadNotFound):
            call()


def test_completion_is_queued_once() -> None:
    world = World()
    upload, _ = world.create()
    assert world.request_completion(upload).state is UploadState.COMPLETING
    assert world.request_completion(upload).state is UploadState.COMPLETING
    assert world.queue.sent == [(upload.tenant_id, upload.id)]
    with pytest.raises(UploadClosed):
        world.sign(upload, 1)


def test_aborting_leaves_a_tombstone_and_nothing_in_s3() -> None:
    world = World()
    upload, asset = world.create()
    for _ in range(2):  # a repeat is a no-op
        upload_abort.abort_upload(upload.id, caller=world.caller, ports=world.ports)
    assert world.upload(upload).state is UploadState.ABORTED
    assert world.asset_of(upload).state is AssetState.DELETED
    assert world.event_types(asset.id)[-1] == "upload.aborted"
    assert not world.objects.open
    with pytest.raises(UploadClosed):
        world.request_completion(upload)


def test_listing_shows_what_s3_holds() -> None:
    world = World()
    upload, _ = world.create()
    world.objects.put_part(upload.multipart_id, 2, 8 * MIB)
    parts = uploads.list_parts(upload.id, caller=world.caller, ports=world.ports)
    assert [(part.number, part.size) for part in parts] == [(2, 8 * MIB)]


def test_a_lost_race_is_decided_again() -> None:
    world = World()
    upload, _ = world.create()
    commit, failures = world.records.commit, iter([WriteConflict()])

    def contested(*writes: object) -> None:
        if error := next(failures, None):
            raise error
        commit(*writes)  # type: ignore[arg-type]

    world.records.commit = contested  # type: ignore[method-assign]
    assert world.request_completion(upload).state is UploadState.COMPLETING


def test_waiting_ends_with_the_settled_upload() -> None:
    world = World()
    upload, _ = world.create()
    world.put_parts(upload)

    def meanwhile(_: float) -> None:
        world.run_completion(upload)
        world.accept(upload)

    completing = world.request_completion(upload)
    settled = uploads.await_completion(completing, caller=world.caller, ports=world.ports, pause=meanwhile, wait_s=3)
    assert settled.state is UploadState.COMPLETE


def test_waiting_is_bounded() -> None:
    world = World()
    upload, _ = world.create()
    pauses: list[float] = []
    completing = world.request_completion(upload)
    after = uploads.await_completion(completing, caller=world.caller, ports=world.ports, pause=pauses.append, wait_s=3)
    assert after.state is UploadState.COMPLETING and sum(pauses) == pytest.approx(3, abs=0.2)


def test_waiting_tells_which_part_is_missing() -> None:
    world = World()
    upload, _ = world.create()
    completing = world.request_completion(upload)
    with pytest.raises(UploadIncomplete, match="Part 1"):
        uploads.await_completion(
            completing,
            caller=world.caller,
            ports=world.ports,
            pause=lambda _: world.run_completion(upload),
            wait_s=3,
        )
