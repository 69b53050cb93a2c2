"""What can be refused before the first byte: a new upload against the rules of its intake policy and our own limits."""

from sluice.domain.errors import FieldError, InvalidRequest
from sluice.domain.ids import Prefix, is_id
from sluice.domain.intake import IntakeRules
from sluice.domain.upload_errors import (
    ContentTypeNotAllowed,
    IntakePolicyNotFound,
    MetadataNotAllowed,
    UploadTooLarge,
    UploadTooLong,
)
from sluice.service.policy_ports import MetadataSchemas
from sluice.service.ports import Records

MIN_TTL_S = 60
MAX_TTL_S = 604_800  # S3 takes the parts of what is older than 8 days


def rules_of(policy_id: str | None, *, tenant_id: str, records: Records) -> IntakeRules:
    """Raises IntakePolicyNotFound."""
    if policy_id is None:
        return IntakeRules()
    policy = records.intake_policy(tenant_id, policy_id) if is_id(Prefix.INTAKE_POLICY, policy_id) else None
    if policy is None:
        raise IntakePolicyNotFound()
    return policy.rules


def check_size(size_bytes: int, *, rules: IntakeRules, transcode: str, max_transcode_bytes: int) -> None:
    """Raises UploadTooLarge."""
    if rules.max_bytes is not None and size_bytes > rules.max_bytes:
        raise UploadTooLarge(f"The intake policy takes at most {rules.max_bytes} bytes.")
    if transcode == "auto" and size_bytes > max_transcode_bytes:
        raise UploadTooLarge(f'At most {max_transcode_bytes} bytes can be transcoded; "transcode": "none" stores more.')


def check_duration(duration_s: float | None, *, rules: IntakeRules) -> None:
    """Raises UploadTooLong. What the caller does not say is found out by the probe."""
    if duration_s is not None and rules.max_duration_s is not None and duration_s > rules.max_duration_s:
        raise UploadTooLong(f"The intake policy takes at most {rules.max_duration_s:g} s.")


def allows_type(rules: IntakeRules, content_type: str) -> bool:
    """`video/*` stands for every type below `video/`."""
    named = content_type.lower()
    family = named.partition("/")[0] + "/*"
    return not rules.allowed_types or named in rules.allowed_types or family in rules.allowed_types


def check_type(content_type: str, *, rules: IntakeRules) -> None:
    """Raises ContentTypeNotAllowed."""
    if not allows_type(rules, content_type):
        raise ContentTypeNotAllowed(f"The intake policy takes {', '.join(rules.allowed_types)} only.")


def check_metadata(metadata: dict[str, str], *, rules: IntakeRules, schemas: MetadataSchemas) -> None:
    """Raises MetadataNotAllowed naming the fields."""
    if rules.metadata_schema is None:
        return
    if violations := schemas.violations(rules.metadata_schema, metadata):
        raise MetadataNotAllowed(errors=tuple(violations))


def ttl_of(wanted_s: int | None, *, rules: IntakeRules, default_s: int) -> int:
    """Seconds that the upload stays open; a policy's own is the most that its uploads get. Raises InvalidRequest."""
    if wanted_s is None:
        return rules.upload_ttl_s or default_s
    if rules.upload_ttl_s is not None and wanted_s > rules.upload_ttl_s:
        detail = f"The intake policy allows at most {rules.upload_ttl_s} s."
        raise InvalidRequest(errors=(FieldError("/upload_ttl_s", "out_of_range", detail),))
    return wanted_s
