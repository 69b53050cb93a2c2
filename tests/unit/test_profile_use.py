"""Which profile an asset and its jobs get, and that a later revision changes nothing for them."""

from pathlib import Path

import pytest

from sluice.domain.encoding import CurrentProfile, EncodingProfile, EncodingSettings, ProfileRef, RungSettings
from sluice.domain.errors import SluiceError
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset
from sluice.service.jobs import OtherProfile, retry_asset
from sluice.service.ports import Create, Replace
from tests.unit.ingest_world import IngestWorld
from tests.unit.test_ingest_batch import Batches, outcome
from tests.unit.transcoding import Bench
from tests.unit.world import World

BUILT_IN = EncodingSettings()


def stored_profile(
    world: World, revision: int = 1, *, archived: bool = False, settings: EncodingSettings = BUILT_IN
) -> str:
    made = EncodingProfile(
        id=world.new_id(Prefix.ENCODING_PROFILE),
        tenant_id=world.caller.tenant_id,
        revision=1,
        name="Films",
        settings=settings,
        created_at=world.now(),
    )
    world.records.commit(Create(made))
    if not archived:
        newest = made.model_copy(update={"revision": revision})
        world.records.commit(Create(CurrentProfile(profile=newest, version=revision)))
    return made.id


def test_an_upload_s_own_profile_counts_before_its_policy_s() -> None:
    world = IngestWorld()
    own, of_policy = stored_profile(world), stored_profile(world, 3)
    policy_id = world.policy(encoding_profile_id=of_policy)
    for fields, wanted in (
        ({}, None),
        ({"policy_id": policy_id}, ProfileRef(id=of_policy, revision=3)),
        ({"policy_id": policy_id, "profile_id": own}, ProfileRef(id=own, revision=1)),
        ({"profile_id": own}, ProfileRef(id=own, revision=1)),
    ):
        assert world.create(**fields)[1].profile == wanted
        assert world.ingest(**fields)[1].profile == wanted


@pytest.mark.parametrize(
    ("archived", "code"), [(True, "encoding_profile_archived"), (False, "encoding_profile_not_found")]
)
def test_a_profile_that_cannot_be_had_is_told_before_anything_is_stored(archived: bool, code: str) -> None:
    world = IngestWorld()
    unusable = stored_profile(world, archived=True) if archived else world.new_id(Prefix.ENCODING_PROFILE)
    before = dict(world.records.rows)
    with pytest.raises(SluiceError) as refused:
        world.create(profile_id=unusable)
    assert (refused.value.code, world.objects.open, world.records.rows) == (code, {}, before)


def test_a_batch_pins_and_refuses_source_by_source() -> None:
    batches = Batches()
    world = batches.world
    good, bad = stored_profile(world, 2), stored_profile(world, archived=True)
    items, _ = batches(
        [{"profile_id": good}, {"profile_id": bad}, {"policy_id": world.policy(encoding_profile_id=good)}]
    )
    assert outcome(items) == ["taken", "encoding_profile_archived", "taken"]
    reference = ProfileRef(id=good, revision=2)
    assert [item.asset.profile for item in items if item.asset] == [reference, reference]


def with_profile(bench: Bench, reference: ProfileRef) -> Asset:
    """As if the upload had been made with it."""
    asset = bench.asset_now()
    after = asset.model_copy(update={"profile": reference, "version": asset.version + 1})
    bench.world.records.commit(Replace(after))
    return after


def test_a_job_takes_the_asset_s_profile_and_a_retry_another_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "scratch")
    first, second = stored_profile(bench.world), stored_profile(bench.world, 4)
    bench.world.fail(bench.job)
    with_profile(bench, ProfileRef(id=first, revision=1))
    again = bench.world.retry(bench.asset.id)
    assert again.profile == ProfileRef(id=first, revision=1)
    bench.world.fail(again)

    def other(profile_id: str | None) -> ProfileRef | None:
        job_id = bench.world.new_id(Prefix.JOB)
        job = retry_asset(
            bench.asset.id,
            job_id=job_id,
            caller=bench.world.caller,
            ports=bench.world.job_ports,
            profile=OtherProfile(profile_id),
        )
        bench.world.fail(job)
        return job.profile

    assert other(second) == ProfileRef(id=second, revision=4)
    assert bench.asset_now().profile == ProfileRef(id=first, revision=1)  # none was published with the other
    assert other(None) is None


def test_the_asset_shows_what_its_published_version_was_encoded_by(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "scratch")
    bench.run()
    wanted = stored_profile(bench.world)
    job_id = bench.world.new_id(Prefix.JOB)
    ports, caller = bench.world.job_ports, bench.world.caller
    retry_asset(bench.asset.id, job_id=job_id, caller=caller, ports=ports, profile=OtherProfile(wanted))
    assert bench.asset_now().profile is None
    bench.run(job_id=job_id)
    assert bench.asset_now().profile == ProfileRef(id=wanted, revision=1)


def test_the_encoder_is_given_the_profile_s_ladder(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "scratch")
    bench.world.fail(bench.job)
    rungs = (RungSettings(short_side=144, max_kbps=200),)
    wanted = stored_profile(bench.world, settings=EncodingSettings(rungs=rungs))
    job_id, ports, caller = bench.world.new_id(Prefix.JOB), bench.world.job_ports, bench.world.caller
    retry_asset(bench.asset.id, job_id=job_id, caller=caller, ports=ports, profile=OtherProfile(wanted))
    bench.run(job_id=job_id)
    version_id = bench.asset_now().active_version
    assert version_id is not None
    version = bench.world.records.asset_version(bench.tenant, bench.asset.id, version_id)
    assert version is not None
    assert [made.name for made in version.renditions if made.kind == "video"] == ["v144"]
