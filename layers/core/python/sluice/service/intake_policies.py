"""Intake policies of a tenant: what its uploads are held to. An upload keeps the rules that it was made under."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.errors import FieldError, InvalidRequest, PreconditionFailed, TenantNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.intake import IntakePolicy, IntakeRules
from sluice.domain.media_types import is_type_pattern
from sluice.domain.origins import normal_origin
from sluice.domain.upload_errors import IntakePolicyLimitReached, IntakePolicyNotFound
from sluice.service.encoding_profiles import profile_ref
from sluice.service.policy_ports import MetadataSchemas
from sluice.service.ports import Clock, Create, Records, Remove, Replace
from sluice.service.retries import retry_on_conflict

MAX_POLICIES = 100  # of one tenant: they are read as a whole to be listed


@dataclass(frozen=True)
class NewPolicy:
    policy_id: str
    tenant_id: str
    name: str
    rules: IntakeRules


@dataclass(frozen=True)
class PolicyChange:
    """What is to be different; everything else stays."""

    policy_id: str
    tenant_id: str
    versions: frozenset[int] | None  # those that may be changed; None: any
    name: str | None
    rules: Mapping[str, Any]  # fields of IntakeRules but `quotas`, with their new values
    quotas: Mapping[str, int | None]  # fields of Quotas


def create_policy(command: NewPolicy, *, records: Records, schemas: MetadataSchemas, now: Clock) -> IntakePolicy:
    """Raises InvalidRequest, InvalidMetadataSchema, IntakePolicyLimitReached, TenantNotFound, EncodingProfileNotFound,
    EncodingProfileArchived.
    """
    moment = now()
    profile_ref(command.rules.encoding_profile_id, tenant_id=command.tenant_id, records=records)  # it has to exist
    policy = IntakePolicy(
        id=command.policy_id,
        tenant_id=command.tenant_id,
        name=command.name,
        rules=_checked(command.rules, schemas),
        created_at=moment,
        updated_at=moment,
    )
    _add(policy, records)
    return policy


def _checked(rules: IntakeRules, schemas: MetadataSchemas) -> IntakeRules:
    """The same rules, with origins as browsers write them."""
    origins = [normal_origin(origin) for origin in rules.allowed_origins]
    wrong_types = [
        FieldError(f"/allowed_types/{number}", "bad_format", "A media type such as video/mp4, or video/*.")
        for number, pattern in enumerate(rules.allowed_types)
        if not is_type_pattern(pattern)
    ]
    wrong_origins = [
        FieldError(f"/allowed_origins/{number}", "bad_format", "scheme://host or scheme://host:port, without a path.")
        for number, origin in enumerate(origins)
        if origin is None
    ]
    if wrong_types or wrong_origins:
        raise InvalidRequest(errors=(*wrong_types, *wrong_origins))
    if rules.metadata_schema is not None:
        schemas.check(rules.metadata_schema)
    return rules.model_copy(update={"allowed_origins": tuple(dict.fromkeys(origins))})


@retry_on_conflict
def _add(policy: IntakePolicy, records: Records) -> None:
    tenant = records.tenant(policy.tenant_id)
    if tenant is None:
        raise TenantNotFound()
    if len(records.intake_policies(policy.tenant_id)) >= MAX_POLICIES:
        raise IntakePolicyLimitReached()
    # Writing the tenant too makes concurrent creations conflict: two of them cannot both be the hundredth.
    counted = tenant.model_copy(update={"version": tenant.version + 1})
    records.commit(Create(policy), Replace(counted))


def get_policy(policy_id: str, *, tenant_id: str, records: Records) -> IntakePolicy:
    """Raises IntakePolicyNotFound."""
    policy = records.intake_policy(tenant_id, policy_id) if is_id(Prefix.INTAKE_POLICY, policy_id) else None
    if policy is None:
        raise IntakePolicyNotFound()
    return policy


def list_policies(
    *, tenant_id: str, records: Records, limit: int, before: str | None
) -> tuple[list[IntakePolicy], str | None]:
    """Newest first; `before` and the answer's second half are policy ids, None at the end."""
    newest_first = sorted(records.intake_policies(tenant_id), key=lambda policy: policy.id, reverse=True)
    rest = [policy for policy in newest_first if before is None or policy.id < before]
    return rest[:limit], rest[limit - 1].id if len(rest) > limit else None


@retry_on_conflict
def change_policy(change: PolicyChange, *, records: Records, schemas: MetadataSchemas, now: Clock) -> IntakePolicy:
    """A change that changes nothing writes nothing.

    Raises IntakePolicyNotFound, PreconditionFailed, InvalidRequest, InvalidMetadataSchema, EncodingProfileNotFound,
    EncodingProfileArchived.
    """
    policy = _expected(change.policy_id, change.tenant_id, change.versions, records)
    quotas = policy.rules.quotas.model_copy(update=dict(change.quotas))
    rules = _checked(policy.rules.model_copy(update={**change.rules, "quotas": quotas}), schemas)
    if rules.encoding_profile_id != policy.rules.encoding_profile_id:  # one that was archived since may stay
        profile_ref(rules.encoding_profile_id, tenant_id=change.tenant_id, records=records)
    name = policy.name if change.name is None else change.name
    if (name, rules) == (policy.name, policy.rules):
        return policy
    changes = {"name": name, "rules": rules, "updated_at": now(), "version": policy.version + 1}
    after = policy.model_copy(update=changes)
    records.commit(Replace(after))
    return after


@retry_on_conflict
def delete_policy(policy_id: str, *, tenant_id: str, versions: frozenset[int] | None, records: Records) -> None:
    """Uploads made under it go on by their own copy of the rules. Raises IntakePolicyNotFound, PreconditionFailed."""
    records.commit(Remove(_expected(policy_id, tenant_id, versions, records)))


def _expected(policy_id: str, tenant_id: str, versions: frozenset[int] | None, records: Records) -> IntakePolicy:
    policy = get_policy(policy_id, tenant_id=tenant_id, records=records)
    if versions is not None and policy.version not in versions:
        raise PreconditionFailed()
    return policy
