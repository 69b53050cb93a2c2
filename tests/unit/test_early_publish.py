"""An early version: when it is published, what it tells, and that it moves no pointer back. Fakes all around."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from sluice.adapters.items import key_of
from sluice.domain.encoding import EncodingSettings, ProfileRef
from sluice.domain.errors import ErrorClass, JobNotFound, ProviderFailure
from sluice.domain.models import AssetVersion, ErrorInfo
from sluice.domain.states import AssetState
from sluice.service.attempts import Ending
from sluice.service.early import Refusal, Refused
from sluice.service.early_publish import Outcome, publish_early
from sluice.service.ports import Write
from tests.fakes.records import FakeRecords
from tests.fakes.transcoding import FakeMediaObjects
from tests.unit.early import FastLane
from tests.unit.test_profile_use import stored_profile

CORRUPT = ErrorInfo(code="input.corrupt", error_class=ErrorClass.INPUT, retryable=False, message="It is damaged.")


@pytest.fixture
def lane(tmp_path: Path) -> FastLane:
    return FastLane(tmp_path)


def test_a_standard_source_is_playable_before_its_task_has_started(lane: FastLane) -> None:
    job = lane.job
    assert lane.publish() is Outcome.PUBLISHED
    asset, version = lane.asset_now(), lane.version()
    assert (asset.state, asset.playable, asset.duration_s) == (AssetState.PROCESSING, True, 12.0)
    assert (version.early, version.job_id, version.has_poster) == (True, job.id, False)
    assert lane.job == job  # an attempt publishes only if nobody wrote its job meanwhile
    assert lane.events()[-2:] == ["upload.complete", "asset.playable"]
    told = json.loads(lane.world.records.events(lane.tenant, asset.id)[-1].body)
    assert (told["data"]["state"], told["data"]["previous_state"]) == ("processing", "uploaded")


def test_its_objects_stand_under_its_own_version(lane: FastLane) -> None:
    lane.publish()
    version = lane.version()
    assert lane.asked_for == [(lane.job.source_key, version.id)]
    assert {key for key in lane.early_media.objects if version.id not in key} == set()
    assert f"{version.playlists_prefix}master.m3u8" in lane.early_media.objects
    assert {stored.metadata["job-id"] for stored in lane.early_media.objects.values()} == {lane.job_id}


def test_the_full_version_takes_its_place(lane: FastLane) -> None:
    lane.publish()
    early = lane.version()
    assert lane.run() is Ending.PUBLISHED
    assert (lane.asset_state(), lane.version().early) == (AssetState.READY, False)
    assert lane.version().id != early.id
    assert lane.events()[-3:] == ["asset.playable", "transcode.started", "transcode.ready"]


def test_beside_a_task_that_has_started_the_asset_keeps_its_state(lane: FastLane) -> None:
    lane.begin()
    running = lane.job
    assert lane.publish() is Outcome.PUBLISHED
    assert (lane.asset_state(), lane.job) == (AssetState.PROCESSING, running)
    assert lane.events()[-2:] == ["transcode.started", "asset.playable"]


def arrive_late(lane: FastLane, meanwhile: Callable[[], object]) -> Outcome:
    """`meanwhile` happens between the early upload and its publication."""

    class Media(FakeMediaObjects):
        done = False

        def put_file(self, key: str, path: Path, **options: Any) -> None:
            super().put_file(key, path, **options)
            with lock:
                if not self.done:
                    self.done = True
                    meanwhile()

    lock = Lock()
    lane.early_media = Media()
    return lane.publish()


def test_arriving_last_it_moves_nothing_back(lane: FastLane) -> None:
    assert arrive_late(lane, lane.run) is Outcome.OVER
    asset = lane.asset_now()
    assert (asset.state, lane.version().early) == (AssetState.READY, False)
    assert lane.events()[-1] == "transcode.ready"
    assert [row for row in lane.world.records.rows.values() if isinstance(row, AssetVersion) and row.early] == []


def test_arriving_twice_it_is_published_once(lane: FastLane) -> None:
    assert arrive_late(lane, lambda: lane.publish(storage=lambda job, _: lane.other_storage())) is Outcome.HAS_VERSION
    assert lane.events().count("asset.playable") == 1


def test_a_cancelled_job_is_not_revived(lane: FastLane) -> None:
    assert arrive_late(lane, lane.cancel) is Outcome.OVER
    assert (lane.asset_state(), lane.asset_now().playable) == (AssetState.FAILED, False)


def test_a_retry_s_asset_is_left_to_the_retry(lane: FastLane) -> None:
    def again() -> None:
        lane.cancel()
        lane.world.retry(lane.asset.id)

    assert arrive_late(lane, again) is Outcome.OVER
    assert (lane.asset_state(), lane.asset_now().active_version) == (AssetState.PROCESSING, None)


def test_a_conflict_is_decided_again(lane: FastLane) -> None:
    """The task starts between our reading of the asset and our write."""
    records, commits = lane.world.records, count()

    class Contested(FakeRecords):
        def commit(self, *writes: Write) -> None:
            if next(commits) == 0:
                lane.begin()
            records.commit(*writes)

    contested = Contested()
    contested.rows = records.rows
    assert lane.publish(records=contested) is Outcome.PUBLISHED
    assert next(commits) == 2
    assert lane.events()[-2:] == ["transcode.started", "asset.playable"]


def test_a_source_above_the_limit_is_not_even_read(lane: FastLane) -> None:
    assert lane.publish(max_source_bytes=lane.job.source_bytes - 1) is Outcome.TOO_LARGE
    assert lane.asked_for == []
    assert lane.publish(max_source_bytes=lane.job.source_bytes) is Outcome.PUBLISHED


def test_a_profile_that_wants_no_copies_is_obeyed(lane: FastLane) -> None:
    profile_id = stored_profile(lane.world, settings=EncodingSettings(passthrough="never"))
    job = lane.job.model_copy(update={"profile": ProfileRef(id=profile_id, revision=1)})
    lane.world.records.rows[key_of(job)] = job
    assert lane.publish() is Outcome.SWITCHED_OFF
    assert lane.asked_for == []


def test_what_players_cannot_take_is_left_to_the_task(lane: FastLane) -> None:
    lane.refused = Refused(next(iter(Refusal)))
    assert lane.publish() is Outcome.REFUSED
    assert lane.early_media.objects == {}
    assert lane.events()[-1] == "upload.complete"


def test_a_source_that_is_no_video_is_left_to_the_task(lane: FastLane) -> None:
    """It tells the tenant why; here nothing is told."""
    lane.tools.exit_codes["ffprobe"] = 1
    assert lane.publish() is Outcome.REFUSED
    assert lane.asset_state() is AssetState.UPLOADED


def test_a_source_that_its_intake_policy_forbids_is_not_published(tmp_path: Path) -> None:
    lane = FastLane(tmp_path)
    upload = lane.world.records.upload(lane.tenant, lane.asset.upload_id)
    assert upload is not None
    rules = upload.rules.model_copy(update={"max_duration_s": 5})
    lane.world.records.rows[key_of(upload)] = upload.model_copy(update={"rules": rules})
    assert lane.publish() is Outcome.REFUSED


def test_a_download_that_fails_is_told_to_the_state_machine(lane: FastLane) -> None:
    lane.sources.objects.clear()
    with pytest.raises(ProviderFailure):
        lane.publish()
    assert lane.events()[-1] == "upload.complete"


def test_an_unknown_job_is_an_error(lane: FastLane) -> None:
    with pytest.raises(JobNotFound):
        publish_early(tenant_id=lane.tenant, job_id="job_unknown", deps=lane.early_deps)


def test_a_job_that_failed_on_our_side_leaves_it_playable(lane: FastLane) -> None:
    """It was never ready, and can be tried again; viewers keep what they have."""
    lane.publish()
    early = lane.version()
    lane.world.fail(lane.job)
    asset = lane.asset_now()
    assert (asset.state, asset.playable, asset.active_version) == (AssetState.FAILED, True, early.id)
    assert lane.events()[-1] == "error.processing"


def test_a_source_that_turned_out_bad_is_withdrawn(lane: FastLane) -> None:
    lane.publish()
    lane.fail(CORRUPT)
    asset = lane.asset_now()
    assert (asset.state, asset.error) == (AssetState.FAILED, CORRUPT)
    assert (asset.playable, asset.active_version, asset.duration_s) == (False, None, None)


def test_a_cancelled_job_leaves_it_playable(lane: FastLane) -> None:
    lane.publish()
    lane.cancel()
    asset = lane.asset_now()
    assert (asset.state, asset.playable) == (AssetState.FAILED, True)
    assert lane.events()[-1] == "error.processing"


def test_a_retry_after_it_needs_no_second_one(lane: FastLane) -> None:
    lane.publish()
    early = lane.version()
    lane.world.fail(lane.job)
    lane.job_id = lane.world.retry(lane.asset.id).id
    assert lane.publish() is Outcome.HAS_VERSION
    assert lane.version() == early
    assert lane.run() is Ending.PUBLISHED
    assert (lane.asset_state(), lane.version().early) == (AssetState.READY, False)
