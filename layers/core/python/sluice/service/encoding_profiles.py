"""Encoding profiles of a tenant. A change makes the next revision: what was encoded by one can always be looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.encoding import CurrentProfile, EncodingProfile, EncodingSettings, ProfileRef
from sluice.domain.encoding_checks import faults
from sluice.domain.errors import InvalidRequest, PreconditionFailed, ProviderFailure, TenantNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Job
from sluice.domain.upload_errors import EncodingProfileArchived, EncodingProfileLimitReached, EncodingProfileNotFound
from sluice.service.ports import Clock, Create, Records, Remove, Replace
from sluice.service.retries import retry_on_conflict

MAX_PROFILES = 100  # of one tenant, without archived ones: they are read as a whole to be listed


@dataclass(frozen=True)
class NewProfile:
    profile_id: str
    tenant_id: str
    name: str
    settings: EncodingSettings


@dataclass(frozen=True)
class ProfileChange:
    """What is to be different; everything else stays."""

    profile_id: str
    tenant_id: str
    versions: frozenset[int] | None  # revisions that may be followed; None: any
    name: str | None
    settings: Mapping[str, Any]  # fields of EncodingSettings but `audio`, with their new values
    audio: Mapping[str, Any]  # fields of AudioSettings


def create_profile(command: NewProfile, *, records: Records, now: Clock) -> EncodingProfile:
    """Raises InvalidRequest, EncodingProfileLimitReached, TenantNotFound."""
    profile = EncodingProfile(
        id=command.profile_id,
        tenant_id=command.tenant_id,
        revision=1,
        name=command.name,
        settings=_checked(command.settings),
        created_at=now(),
    )
    _add(profile, records)
    return profile


def _checked(settings: EncodingSettings) -> EncodingSettings:
    if wrong := faults(settings):
        raise InvalidRequest(errors=tuple(wrong))
    return settings


@retry_on_conflict
def _add(profile: EncodingProfile, records: Records) -> None:
    tenant = records.tenant(profile.tenant_id)
    if tenant is None:
        raise TenantNotFound()
    if len(records.current_profiles(profile.tenant_id)) >= MAX_PROFILES:
        raise EncodingProfileLimitReached()
    # Writing the tenant too makes concurrent creations conflict: two of them cannot both be the hundredth.
    counted = tenant.model_copy(update={"version": tenant.version + 1})
    records.commit(Create(profile), Create(CurrentProfile(profile=profile)), Replace(counted))


def get_profile(
    profile_id: str, *, revision: int | None = None, tenant_id: str, records: Records
) -> tuple[EncodingProfile, bool]:
    """One revision or the newest, and whether the profile is archived. Raises EncodingProfileNotFound."""
    profile = None
    if is_id(Prefix.ENCODING_PROFILE, profile_id):
        profile = records.encoding_profile(tenant_id, profile_id, revision)
    if profile is None:
        raise EncodingProfileNotFound()
    return profile, records.current_profile(tenant_id, profile_id) is None


def list_profiles(
    *, tenant_id: str, records: Records, limit: int, before: str | None
) -> tuple[list[EncodingProfile], str | None]:
    """Those that are not archived, newest first; `before` and the answer's second half are profile ids."""
    newest_first = sorted(records.current_profiles(tenant_id), key=lambda profile: profile.id, reverse=True)
    rest = [profile for profile in newest_first if before is None or profile.id < before]
    return rest[:limit], rest[limit - 1].id if len(rest) > limit else None


@retry_on_conflict
def change_profile(change: ProfileChange, *, records: Records, now: Clock) -> EncodingProfile:
    """The next revision. A change that changes nothing makes none.

    Raises EncodingProfileNotFound, EncodingProfileArchived, PreconditionFailed, InvalidRequest.
    """
    current = _expected(change.profile_id, change.tenant_id, change.versions, records)
    before = current.profile
    audio = before.settings.audio.model_copy(update=dict(change.audio))
    settings = _checked(before.settings.model_copy(update={**change.settings, "audio": audio}))
    name = before.name if change.name is None else change.name
    if (name, settings) == (before.name, before.settings):
        return before
    after = EncodingProfile(
        id=before.id,
        tenant_id=before.tenant_id,
        revision=before.revision + 1,
        name=name,
        settings=settings,
        created_at=now(),
    )
    records.commit(Create(after), Replace(CurrentProfile(profile=after, version=current.version + 1)))
    return after


@retry_on_conflict
def archive_profile(profile_id: str, *, tenant_id: str, versions: frozenset[int] | None, records: Records) -> None:
    """No new use; every revision stays to be read. A repeat is a no-op.

    Raises EncodingProfileNotFound, PreconditionFailed.
    """
    try:
        records.commit(Remove(_expected(profile_id, tenant_id, versions, records)))
    except EncodingProfileArchived:
        return


def _expected(profile_id: str, tenant_id: str, versions: frozenset[int] | None, records: Records) -> CurrentProfile:
    current = _current(profile_id, tenant_id, records)
    if versions is not None and current.profile.revision not in versions:
        raise PreconditionFailed()
    return current


def _current(profile_id: str, tenant_id: str, records: Records) -> CurrentProfile:
    known = is_id(Prefix.ENCODING_PROFILE, profile_id)
    current = records.current_profile(tenant_id, profile_id) if known else None
    if current is not None:
        return current
    if known and records.encoding_profile(tenant_id, profile_id, 1) is not None:
        raise EncodingProfileArchived()
    raise EncodingProfileNotFound()


def profile_ref(profile_id: str | None, *, tenant_id: str, records: Records) -> ProfileRef | None:
    """What new work is pinned to: the newest revision; None is the built-in profile.

    Raises EncodingProfileNotFound, EncodingProfileArchived.
    """
    return None if profile_id is None else _current(profile_id, tenant_id, records).profile.ref


def settings_of(job: Job, records: Records) -> EncodingSettings:
    """Of exactly the revision that the job was made with, archived or not."""
    if job.profile is None:
        return EncodingSettings()
    profile = records.encoding_profile(job.tenant_id, job.profile.id, job.profile.revision)
    if profile is None:  # revisions are never removed
        raise ProviderFailure("The encoding profile could not be read.")
    return profile.settings
