"""Encoding profiles over every record store: revisions that stay, archiving, changes that meet each other."""

import pytest

from sluice.domain.encoding import (
    AudioSettings,
    EncodingProfile,
    EncodingSettings,
    ProfileRef,
    RungSettings,
    VideoCodec,
)
from sluice.domain.errors import PreconditionFailed, ProviderFailure, TenantNotFound
from sluice.domain.ids import Prefix
from sluice.domain.models import Tenant
from sluice.domain.upload_errors import EncodingProfileArchived, EncodingProfileLimitReached, EncodingProfileNotFound
from sluice.service.encoding_profiles import (
    MAX_PROFILES,
    NewProfile,
    ProfileChange,
    archive_profile,
    change_profile,
    create_profile,
    get_profile,
    list_profiles,
    profile_ref,
    settings_of,
)
from sluice.service.ports import Create, Records, Write
from tests.contract.samples import MOMENT, TENANT, make_job, new_id
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock

ALL_SETTINGS = EncodingSettings(
    codecs=(VideoCodec.H264, VideoCodec.HEVC, VideoCodec.AV1),
    rungs=(RungSettings(short_side=1080, max_kbps=4500), RungSettings(short_side=360, max_kbps=600)),
    max_height=1080,
    max_kbps=6000,
    max_fps=29.97,
    gop_s=1.5,
    segment_s=4.5,
    hdr="keep",
    audio=AudioSettings(stereo_kbps=192, surround="passthrough", loudness="normalise", languages="all"),
    passthrough="never",
    quality="per_title",
)
clock = FakeClock()


@pytest.fixture(name="records")
def records_of_a_tenant(records: Records) -> Records:
    records.commit(Create(Tenant(id=TENANT, name="Ada", created_at=MOMENT)))
    return records


def create(records: Records, settings: EncodingSettings = ALL_SETTINGS, tenant_id: str = TENANT) -> EncodingProfile:
    command = NewProfile(new_id(Prefix.ENCODING_PROFILE), tenant_id, "Films", settings)
    return create_profile(command, records=records, now=clock)


def change(
    records: Records,
    profile: EncodingProfile,
    *,
    versions: frozenset[int] | None = None,
    name: str | None = None,
    audio: dict[str, object] | None = None,
    **settings: object,
) -> EncodingProfile:
    wanted = ProfileChange(profile.id, TENANT, versions, name, settings, audio or {})
    return change_profile(wanted, records=records, now=clock)


def read(records: Records, profile: EncodingProfile, revision: int | None = None) -> EncodingProfile:
    return get_profile(profile.id, revision=revision, tenant_id=TENANT, records=records)[0]


def test_every_setting_is_kept(records: Records) -> None:
    profile = create(records)
    assert (profile.settings, profile.revision) == (ALL_SETTINGS, 1)
    assert read(records, profile) == read(records, profile, 1) == profile
    assert list_profiles(tenant_id=TENANT, records=records, limit=9, before=None) == ([profile], None)


def test_a_change_is_the_next_revision_and_leaves_the_one_before(records: Records) -> None:
    first = create(records)
    clock.tick(seconds=5)
    second = change(records, first, rungs=None, audio={"stereo_kbps": 96})
    audio = ALL_SETTINGS.audio.model_copy(update={"stereo_kbps": 96})
    assert second.settings == ALL_SETTINGS.model_copy(update={"rungs": None, "audio": audio})
    assert (second.revision, second.name, second.created_at) == (2, "Films", clock())
    third = change(records, second, name="Long films")
    assert [read(records, first, revision) for revision in (1, 2, 3, None)] == [first, second, third, third]
    with pytest.raises(EncodingProfileNotFound):
        read(records, first, 4)
    assert change(records, third, name="Long films", rungs=None) == third


def test_a_change_of_what_was_changed_meanwhile(records: Records) -> None:
    profile = create(records)
    change(records, profile, name="First")
    with pytest.raises(PreconditionFailed):
        change(records, profile, versions=frozenset({1}), name="Second")
    with pytest.raises(PreconditionFailed):
        archive_profile(profile.id, tenant_id=TENANT, versions=frozenset({1}), records=records)
    assert change(records, profile, versions=frozenset({2}), name="Third").revision == 3


def test_what_is_archived_can_be_read_and_not_used(records: Records) -> None:
    profile = create(records)
    job = make_job(profile=profile_ref(profile.id, tenant_id=TENANT, records=records))
    for _ in range(2):
        archive_profile(profile.id, tenant_id=TENANT, versions=None, records=records)
    assert get_profile(profile.id, tenant_id=TENANT, records=records) == (profile, True)
    assert settings_of(job, records) == ALL_SETTINGS
    with pytest.raises(EncodingProfileArchived):
        profile_ref(profile.id, tenant_id=TENANT, records=records)
    with pytest.raises(EncodingProfileArchived):
        change(records, profile, name="Again")
    assert records.current_profiles(TENANT) == []


def test_a_job_keeps_the_revision_that_it_was_made_with(records: Records) -> None:
    profile = create(records)
    reference = profile_ref(profile.id, tenant_id=TENANT, records=records)
    job = make_job(profile=reference)
    assert reference == ProfileRef(id=profile.id, revision=1)
    change(records, profile, quality="crf")
    assert settings_of(job, records) == ALL_SETTINGS
    assert settings_of(make_job(), records) == EncodingSettings()
    with pytest.raises(ProviderFailure):
        settings_of(make_job(profile=ProfileRef(id=profile.id, revision=9)), records)


def test_another_tenants_profile_is_as_unknown_as_none(records: Records) -> None:
    profile = create(records)
    stranger = new_id(Prefix.TENANT)
    for profile_id in (profile.id, new_id(Prefix.ENCODING_PROFILE), "enc_x", "PROFILE#"):
        with pytest.raises(EncodingProfileNotFound):
            get_profile(profile_id, tenant_id=stranger, records=records)
        with pytest.raises(EncodingProfileNotFound):
            profile_ref(profile_id, tenant_id=stranger, records=records)
        with pytest.raises(EncodingProfileNotFound):
            archive_profile(profile_id, tenant_id=stranger, versions=None, records=records)
    with pytest.raises(TenantNotFound):
        create(records, tenant_id=stranger)


def test_in_pages(records: Records) -> None:
    made = [create(records, EncodingSettings()) for _ in range(3)]
    first, before = list_profiles(tenant_id=TENANT, records=records, limit=2, before=None)
    rest, end = list_profiles(tenant_id=TENANT, records=records, limit=2, before=before)
    assert (first + rest, end) == (made[::-1], None)


class Overtaken(FakeRecords):
    """Somebody else's write is committed between this request's reading and its commit."""

    def __init__(self, stored: FakeRecords) -> None:
        super().__init__()
        self.rows = stored.rows
        self.other = lambda: None

    def commit(self, *writes: Write) -> None:
        other, self.other = self.other, lambda: None
        other()
        super().commit(*writes)


def stored_in_memory() -> FakeRecords:
    stored = FakeRecords()
    stored.commit(Create(Tenant(id=TENANT, name="Ada", created_at=MOMENT)))
    return stored


def test_at_most_a_hundred_that_are_not_archived() -> None:
    stored = stored_in_memory()
    made = [create(stored) for _ in range(MAX_PROFILES - 1)]
    overtaken = Overtaken(stored)
    overtaken.other = lambda: create(stored) and None
    with pytest.raises(EncodingProfileLimitReached):
        create(overtaken)
    assert len(stored.current_profiles(TENANT)) == MAX_PROFILES
    archive_profile(made[0].id, tenant_id=TENANT, versions=None, records=stored)
    assert create(stored)


def test_two_changes_at_the_same_moment_are_two_revisions() -> None:
    stored = stored_in_memory()
    profile = create(stored)
    overtaken = Overtaken(stored)
    overtaken.other = lambda: change(stored, profile, max_kbps=700) and None
    after = change(overtaken, profile, name="Mine")
    assert (after.revision, after.name, after.settings.max_kbps) == (3, "Mine", 700)
    assert read(stored, profile, 2).name == "Films"
    overtaken.other = lambda: archive_profile(profile.id, tenant_id=TENANT, versions=None, records=stored)
    with pytest.raises(EncodingProfileArchived):
        change(overtaken, profile, name="Late")
