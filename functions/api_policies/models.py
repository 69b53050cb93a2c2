"""Bodies of the intake policy routes."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from sluice.domain.intake import IntakePolicy, IntakeRules, Quotas
from sluice.domain.parts import MAX_OBJECT_BYTES
from sluice.http import RequestBody, ResponseBody, Timestamp, without_defaults
from sluice.service.intake_policies import NewPolicy, PolicyChange

MAX_NESTING = 32  # of a metadata schema; what nests deeper could be read but not written again

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]  # what JavaScript can count


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [value]
    for _ in range(MAX_NESTING):
        holders = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in holders for inner in (item.values() if isinstance(item, dict) else item)]
    if level:
        raise ValueError(f"nested deeper than {MAX_NESTING} levels")
    return value


class QuotaLimits(RequestBody):
    """Null: no limit."""

    max_open_uploads: Count | None = None
    max_open_bytes: Bytes | None = None
    max_open_uploads_per_creator: Count | None = None
    max_open_bytes_per_creator: Bytes | None = None


class PolicyFields(RequestBody):
    max_bytes: Annotated[int, Field(strict=True, ge=1, le=MAX_OBJECT_BYTES, description="Of one file.")] | None = None
    max_duration_s: Annotated[float, Field(strict=True, ge=0.001, le=43_200, allow_inf_nan=False)] | None = None
    allowed_types: Annotated[
        tuple[Text, ...],
        Field(max_length=50, description="Media types such as `video/mp4`, or `video/*`. Empty: every type."),
    ] = ()
    allowed_origins: Annotated[
        tuple[Text, ...],
        Field(max_length=50, description="Pages that may upload: `scheme://host[:port]`. Empty: every page."),
    ] = ()
    upload_ttl_s: (
        Annotated[int, Field(strict=True, ge=60, le=604_800, description="Longest life of an upload.")] | None
    ) = None
    metadata_schema: (
        Annotated[
            dict[str, Any],
            AfterValidator(_shallow),
            Field(description="JSON Schema (2020-12) of `metadata`; at most 8 KB, with a subset of the keywords."),
        ]
        | None
    ) = None
    playback_policy: Literal["signed"] = "signed"
    review: Annotated[Literal["none", "required"], Field(description="required: not playable until approved.")] = "none"
    on_interrupt: Annotated[
        Literal["keep", "abort"], Field(description="abort: an upload that stands still is given up early.")
    ] = "keep"
    encoding_profile_id: Annotated[str | None, Field(description="For uploads that name none.")] = None


def _text(schema: dict[str, Any] | None) -> str | None:
    """ASCII alone: half a surrogate pair can be escaped, but not stored."""
    return None if schema is None else json.dumps(schema, separators=(",", ":"))


class CreateIntakePolicy(PolicyFields):
    name: Name
    quotas: QuotaLimits = QuotaLimits()

    def command(self, policy_id: str, tenant_id: str) -> NewPolicy:
        fields = self.model_dump(exclude={"name", "metadata_schema", "quotas"})
        rules = IntakeRules(
            **fields, metadata_schema=_text(self.metadata_schema), quotas=Quotas(**self.quotas.model_dump())
        )
        return NewPolicy(policy_id, tenant_id, self.name, rules)


class ChangeQuotaLimits(QuotaLimits):
    """Fields that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra=without_defaults)


class ChangeIntakePolicy(PolicyFields):
    """Fields that are left out stay as they are; null takes a limit away."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = Field(default="")
    quotas: ChangeQuotaLimits = ChangeQuotaLimits()

    def command(self, policy_id: str, tenant_id: str, versions: frozenset[int] | None) -> PolicyChange:
        fields = self.model_dump(exclude_unset=True, exclude={"name", "metadata_schema", "quotas"})
        if "metadata_schema" in self.model_fields_set:
            fields["metadata_schema"] = _text(self.metadata_schema)
        return PolicyChange(
            policy_id=policy_id,
            tenant_id=tenant_id,
            versions=versions,
            name=self.name if "name" in self.model_fields_set else None,
            rules=fields,
            quotas=self.quotas.model_dump(exclude_unset=True),
        )


class QuotaLimitsView(ResponseBody):
    max_open_uploads: int | None
    max_open_bytes: int | None
    max_open_uploads_per_creator: int | None
    max_open_bytes_per_creator: int | None


class IntakePolicyView(ResponseBody):
    intake_policy_id: str
    name: str
    max_bytes: int | None
    max_duration_s: float | None
    allowed_types: list[str]
    allowed_origins: list[str]
    upload_ttl_s: int | None
    metadata_schema: dict[str, Any] | None
    playback_policy: str
    review: str
    on_interrupt: str
    encoding_profile_id: str | None
    quotas: QuotaLimitsView
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, policy: IntakePolicy) -> "IntakePolicyView":
        rules = policy.rules
        return cls(
            intake_policy_id=policy.id,
            name=policy.name,
            max_bytes=rules.max_bytes,
            max_duration_s=rules.max_duration_s,
            allowed_types=list(rules.allowed_types),
            allowed_origins=list(rules.allowed_origins),
            upload_ttl_s=rules.upload_ttl_s,
            metadata_schema=None if rules.metadata_schema is None else json.loads(rules.metadata_schema),
            playback_policy=rules.playback_policy,
            review=rules.review,
            on_interrupt=rules.on_interrupt,
            encoding_profile_id=rules.encoding_profile_id,
            quotas=QuotaLimitsView(**rules.quotas.model_dump()),
            created_at=policy.created_at,
            updated_at=policy.updated_at,
        )
