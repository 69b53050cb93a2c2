"""Who asked for a change: a record in the change's own transaction, for every route that changes an asset."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.openapi import operations
from sluice.domain.audit import UPLOAD_TOKEN, Action, AuditRecord
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, Job, Review
from sluice.domain.states import AssetState
from sluice.domain.thumbnails import Thumbnail
from sluice.domain.upload import Upload
from sluice.service.jobs import cancel_job
from sluice.service.ports import Create, Release, Write
from sluice.service.review import review_asset
from sluice.service.thumbnails import ThumbnailPorts, WantedPicture, create_thumbnail, delete_thumbnail
from sluice.service.upload_abort import abort_upload
from tests.contract.samples import make_thumbnail
from tests.documents import REPOSITORY
from tests.fakes.records import FakeRecords
from tests.fakes.thumbnails import FakePictureSigner, FakeThumbnailMaker
from tests.unit.ingest_world import IngestWorld

AUDITED = {
    "POST /v1/uploads": Action.UPLOAD_CREATE,
    "POST /v1/uploads/{upload_id}/parts": Action.UPLOAD_BEGIN,
    "POST /v1/uploads/{upload_id}/complete": Action.UPLOAD_COMPLETE,
    "DELETE /v1/uploads/{upload_id}": Action.UPLOAD_ABORT,
    "POST /v1/assets": Action.ASSET_INGEST,
    "POST /v1/assets:batch": Action.ASSET_INGEST,
    "POST /v1/assets/{asset_id}/approve": Action.ASSET_APPROVE,
    "POST /v1/assets/{asset_id}/reject": Action.ASSET_REJECT,
    "POST /v1/assets/{asset_id}/retry": Action.ASSET_RETRY,
    "POST /v1/jobs/{job_id}/cancel": Action.JOB_CANCEL,
    "POST /v1/assets/{asset_id}/thumbnails": Action.THUMBNAIL_CREATE,
    "DELETE /v1/assets/{asset_id}/thumbnails/{thumbnail_id}": Action.THUMBNAIL_DELETE,
    "POST /v1/uploads/{upload_id}/s3": Action.UPLOAD_COMPLETE,
    "DELETE /v1/uploads/{upload_id}/s3": Action.UPLOAD_ABORT,
}
SIGNS_ONLY = {"POST /v1/uploads/{upload_id}/token", "POST /v1/playback-sessions"}  # stores nothing
NO_ASSET = ("/v1/webhooks", "/v1/dead-letters", "/v1/intake-policies", "/v1/encoding-profiles")


class Transactions(FakeRecords):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Write, ...]] = []
        self.conflicts = 0

    def commit(self, *writes: Write) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise WriteConflict()
        super().commit(*writes)
        self.done.append(writes)


class World(IngestWorld):
    records: Transactions

    def __init__(self) -> None:
        super().__init__(records=Transactions())

    def since(self, start: int) -> list[AuditRecord]:
        """Of the transactions from `start` on that wrote any."""
        records = []
        for writes in self.records.done[start:]:
            found = [one.record for one in writes if isinstance(one, Create) and isinstance(one.record, AuditRecord)]
            assert len(found) <= 1
            records += found
        return records

    def act(self, action: Action) -> tuple[AuditRecord, tuple[Write, ...]]:
        """Do it, twice where that is a repetition: its one record, and the transaction that it stands in."""
        _, asset, job = self.uploaded()
        upload, _ = self.create()
        if action is Action.ASSET_RETRY:
            self.fail(job)
        poster = self._choose_poster(asset) if action is Action.THUMBNAIL_DELETE else make_thumbnail()
        start = len(self.records.done)
        act: dict[Action, Callable[[], object]] = {
            Action.UPLOAD_CREATE: self.create,
            Action.ASSET_INGEST: self.ingest,
            Action.UPLOAD_BEGIN: lambda: (self.sign(upload, 1), self.sign(upload, 2)),
            Action.UPLOAD_COMPLETE: lambda: (self.request_completion(upload), self.request_completion(upload)),
            Action.UPLOAD_ABORT: lambda: [abort_upload(upload.id, caller=self.caller, ports=self.ports) for _ in "12"],
            Action.ASSET_RETRY: lambda: self.retry(asset.id),
            Action.JOB_CANCEL: lambda: [cancel_job(job.id, caller=self.caller, ports=self.job_ports) for _ in "12"],
            Action.ASSET_APPROVE: lambda: self._review(asset, Review.APPROVED),
            Action.ASSET_REJECT: lambda: self._review(asset, Review.REJECTED),
            Action.THUMBNAIL_CREATE: lambda: self._choose_poster(asset),
            Action.THUMBNAIL_DELETE: lambda: delete_thumbnail(
                asset.id, poster.id, caller=self.caller, ports=self.thumbnail_ports
            ),
        }
        act[action]()
        [record] = self.since(start)
        [writes] = [done for done in self.records.done[start:] if Create(record) in done]
        return record, writes

    @property
    def thumbnail_ports(self) -> ThumbnailPorts:
        return ThumbnailPorts(
            environment="dev",
            records=self.records,
            maker=FakeThumbnailMaker(),
            signer=FakePictureSigner(),
            new_id=self.new_id,
            now=self.now,
        )

    def _choose_poster(self, asset: Asset) -> Thumbnail:
        picture = WantedPicture(None, 14, "image/jpeg")
        new, ports = self.new_id(Prefix.THUMBNAIL), self.thumbnail_ports
        return create_thumbnail(asset.id, picture, thumbnail_id=new, caller=self.caller, ports=ports)

    def _review(self, asset: Asset, verdict: Review) -> None:
        key = next(key for key, row in self.records.rows.items() if row == asset)
        self.records.rows[key] = asset.model_copy(update={"review": Review.PENDING})
        for _ in range(2):
            review_asset(
                asset.id,
                verdict,
                caller=self.caller,
                environment="dev",
                records=self.records,
                new_id=self.new_id,
                now=self.now,
            )


def test_every_route_that_changes_an_asset_has_its_action() -> None:
    document: dict[str, Any] = json.loads((REPOSITORY / "openapi.json").read_text())
    changing = {f"{method.upper()} {path}" for path, method, _ in operations(document) if method != "get"}
    of_assets = {route for route in changing if not route.partition(" ")[2].startswith(NO_ASSET)}
    assert of_assets == AUDITED.keys() | SIGNS_ONLY
    assert set(AUDITED.values()) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_a_change_and_its_record_are_one_transaction(action: Action) -> None:
    world = World()
    record, writes = world.act(action)
    who = world.caller
    assert (record.action, record.actor, record.tenant_id) == (action, who.key_id, who.tenant_id)
    assert (record.request_id, record.correlation_id, record.at) == (who.request_id, who.correlation_id, world.now())
    changed = [one.record for one in writes if not isinstance(one, Release) and hasattr(one, "record")]
    assert any(isinstance(one, Asset | Upload | Job | Thumbnail) for one in changed)
    told = [one for one in changed if isinstance(one, Event)]
    assert all(one.asset_id == record.asset_id for one in told)
    later = (Action.UPLOAD_COMPLETE, Action.THUMBNAIL_CREATE)  # the asset changes when the object is there
    assert told or action in (*later, Action.THUMBNAIL_DELETE)  # of one that was not shown


def test_a_change_that_met_another_leaves_one_record() -> None:
    world = World()
    _, asset, job = world.uploaded()
    world.fail(job)
    start = len(world.records.done)
    world.records.conflicts = 2
    world.retry(asset.id)
    assert [record.action for record in world.since(start)] == [Action.ASSET_RETRY]


def test_a_refused_change_leaves_none() -> None:
    world = World()
    upload, _ = world.create()
    start = len(world.records.done)
    world.records.conflicts = 9
    with pytest.raises(WriteConflict):
        abort_upload(upload.id, caller=world.caller, ports=world.ports)
    assert world.since(start) == []
    assert world.asset_of(upload).state is AssetState.CREATED


def test_who_holds_the_uploads_token_is_named_so() -> None:
    world = World()
    upload, _ = world.create()
    world.caller = type(world.caller)(world.caller.tenant_id, "req-2", "cor-2", key_id=None)
    start = len(world.records.done)
    world.sign(upload, 1)
    [record] = world.since(start)
    assert (record.actor, record.upload_id, record.request_id) == (UPLOAD_TOKEN, upload.id, "req-2")
