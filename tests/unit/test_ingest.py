"""One file from a URL: rows first, then a task; and the end of fetches that ended without a word."""

import pytest
from pydantic import ValidationError

from functions.fail_fetch import handler as fail
from sluice import bootstrap
from sluice.adapters.items import from_item, to_item
from sluice.domain.errors import ProviderFailure, UrlNotAllowed
from sluice.domain.ids import Prefix, derived_id, is_id
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload, UploadSource
from sluice.domain.upload_errors import QuotaExceeded
from sluice.service.upload_abort import abort_upload
from tests.fakes.gateway import LambdaContext
from tests.unit.ingest_world import URL, IngestWorld


def test_a_source_becomes_an_asset_whose_fetch_runs() -> None:
    world = IngestWorld()
    upload, asset = world.ingest(title="Film", creator_id="ann")
    assert (upload.state, upload.multipart_id, upload.size_bytes) == (UploadState.OPEN, "", 0)
    assert upload.source is not None and upload.source.url == URL
    assert (asset.state, asset.title, asset.creator_id) == (AssetState.CREATED, "Film", "ann")
    assert world.fetches.names == [upload.id]
    assert world.sources.resolved == [URL]
    assert not world.objects.open
    assert world.event_types(asset.id) == ["asset.created", "upload.created"]


def test_a_source_that_may_not_be_called_makes_nothing() -> None:
    world = IngestWorld()
    with pytest.raises(UrlNotAllowed):
        world.ingest(url="http://10.0.0.1/")
    assert not world.records.rows and not world.fetches.names


def test_a_quota_counts_fetches_too() -> None:
    world = IngestWorld()
    policy = world.policy(quotas={"max_open_uploads": 1})
    world.ingest(policy_id=policy)
    with pytest.raises(QuotaExceeded):
        world.ingest(policy_id=policy)
    assert len(world.fetches.names) == 1


def test_a_start_that_is_lost_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    world = IngestWorld()

    def unreachable(upload: Upload, /) -> bool:
        raise ProviderFailure

    world.fetches.start = unreachable  # type: ignore[method-assign, assignment]
    upload, _ = world.ingest()
    assert upload.state is UploadState.OPEN
    assert [record.getMessage() for record in caplog.records] == ["fetch_not_started"]


def test_a_fetched_upload_can_be_given_up_before_s3_knows_of_it() -> None:
    world = IngestWorld()
    upload, _ = world.ingest(url=f"{URL}?X-Amz-Signature=secret")
    abort_upload(upload.id, caller=world.caller, ports=world.ingest_ports)
    given_up = world.upload(upload)
    assert given_up.state is UploadState.ABORTED
    assert given_up.source == UploadSource(url=URL), "neither headers nor query"
    assert world.open_uploads() == 0


def test_a_row_that_cannot_be_read_tells_no_credentials() -> None:
    upload, _ = IngestWorld().ingest()
    item = to_item(upload)
    item["record"]["M"]["source"]["M"]["headers"] = {"S": "Bearer secret"}  # as another release might write it
    with pytest.raises(ValidationError) as caught:
        from_item(Upload, item)
    assert "headers" in str(caught.value) and "secret" not in str(caught.value)


def failed(world: IngestWorld, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    deps = bootstrap.FailFetch(
        environment="dev", records=world.records, now=world.now, new_id=world.new_id, objects=world.objects
    )
    monkeypatch.setattr(fail, "deps", lambda: deps)
    fail.lambda_handler({"tenant_id": upload.tenant_id, "upload_id": upload.id}, LambdaContext())  # type: ignore[arg-type]


def opened_in_s3(world: IngestWorld, upload: Upload) -> Upload:
    multipart_id = world.objects.create_multipart(upload.key, content_type="video/mp4", correlation_id="c")
    stored = upload.model_copy(update={"multipart_id": multipart_id})
    world.records.rows.update({key: stored for key, row in world.records.rows.items() if row == upload})
    return stored


def test_a_fetch_that_failed_on_our_side_ends_upload_and_asset_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = IngestWorld()
    made, asset = world.ingest()
    upload = opened_in_s3(world, made)
    for _ in range(2):
        failed(world, upload, monkeypatch)
    ended = world.upload(upload)
    assert ended.state is UploadState.FAILED and ended.error is not None
    assert (ended.error.code, ended.error.retryable) == ("provider.fetch_failed", True)
    assert world.asset_of(upload).state is AssetState.FAILED
    assert world.event_types(asset.id).count("error.processing") == 1
    assert not world.objects.open, "its parts are freed"
    assert world.open_uploads() == 0


@pytest.mark.parametrize("state", [UploadState.COMPLETING, UploadState.COMPLETE, UploadState.ABORTED])
def test_what_is_no_longer_fetched_is_left_alone(monkeypatch: pytest.MonkeyPatch, state: UploadState) -> None:
    world = IngestWorld()
    made, _ = world.ingest()
    upload = opened_in_s3(world, made)
    moved = upload.model_copy(update={"state": state})
    world.records.rows.update({key: moved for key, row in world.records.rows.items() if row == upload})
    failed(world, upload, monkeypatch)
    assert world.upload(upload) == moved
    assert world.objects.open


def test_derived_ids_are_ids_and_differ_by_place_and_parent() -> None:
    world = IngestWorld()
    one, other = world.new_id(Prefix.INGEST_BATCH), world.new_id(Prefix.INGEST_BATCH)
    first = [derived_id(Prefix.UPLOAD, one, index) for index in range(1_000)]
    found = {derived_id(Prefix.UPLOAD, parent, index) for parent in (one, other) for index in range(1_000)}
    assert len(found) == 2_000
    assert all(is_id(Prefix.UPLOAD, upload_id) for upload_id in found)
    assert [derived_id(Prefix.UPLOAD, one, index) for index in range(1_000)] == first
    assert derived_id(Prefix.UPLOAD, one, 7)[4:14] == one[4:14], "they sort by the time of the batch"
