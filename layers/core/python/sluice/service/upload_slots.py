"""Upload slots: reserve one with its asset."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from sluice.domain.audit import Action
from sluice.domain.encoding import ProfileRef
from sluice.domain.errors import FieldError, InvalidRequest, WriteConflict
from sluice.domain.events import EventType, advance
from sluice.domain.ids import Prefix
from sluice.domain.intake import Checksum, ChecksumAlgorithm, IntakeRules
from sluice.domain.models import Asset, PlaybackLookup, Review
from sluice.domain.parts import part_size_for
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload, UploadSource, fingerprint_digest
from sluice.domain.upload_errors import QuotaExceeded
from sluice.service.auditing import audited
from sluice.service.duplicates import OnDuplicate, duplicate_at_slot
from sluice.service.encoding_profiles import profile_ref
from sluice.service.intake_checks import check_duration, check_metadata, check_size, check_type, rules_of, ttl_of
from sluice.service.ports import Create, Write
from sluice.service.settling import opening
from sluice.service.upload_abort import forget
from sluice.service.upload_access import Caller, SlotPorts, check_origin, origin_of
from sluice.service.uploads import idle_limit


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    upload_id: str  # reserved by the caller, so that a repeated request cannot make a second upload
    size_bytes: int  # 0 with a source: learnt by the fetch
    content_type: str
    filename: str | None = None
    title: str | None = None
    external_id: str | None = None
    metadata: dict[str, str]
    tags: tuple[str, ...] = ()
    creator_id: str | None = None
    policy_id: str | None = None
    profile_id: str | None = None  # of encoding; None: the policy's
    upload_ttl_s: int | None = None
    transcode: Literal["auto", "none"] = "auto"
    duration_s: float | None = None  # as far as the caller knows
    checksum: Checksum | None = None
    on_duplicate: OnDuplicate = "allow"
    source: UploadSource | None = None


class Slot(NamedTuple):
    upload: Upload
    asset: Asset
    writes: list[Write]  # one transaction


def object_key(tenant_id: str, upload_id: str) -> str:
    return f"uploads/{tenant_id}/{upload_id}"


def create_upload(command: NewUpload, *, caller: Caller, ports: SlotPorts) -> Upload:
    """Reserve an asset and open a multipart upload, or a slot for a fetch. Answers with what exists when this upload
    was already created, or with the upload that brought the same file when that is asked for.

    Raises IntakePolicyNotFound, EncodingProfileNotFound, EncodingProfileArchived, UploadTooLarge, UploadTooLong,
    ContentTypeNotAllowed, MetadataNotAllowed, OriginNotAllowed, UploadDuplicate, QuotaExceeded.
    """
    if existing := ports.records.upload(caller.tenant_id, command.upload_id):
        return existing
    rules = rules_of(command.policy_id, tenant_id=caller.tenant_id, records=ports.records)
    check_slot(command, rules, caller, ports)
    if duplicate := _duplicate(command, caller, ports):
        return duplicate
    wanted = command.profile_id or rules.encoding_profile_id
    profile = profile_ref(wanted, tenant_id=caller.tenant_id, records=ports.records)
    slot = new_slot(command, rules, profile, caller, ports)
    try:
        ports.records.commit(*slot.writes)
    except (QuotaExceeded, WriteConflict):  # nothing was stored: no row knows these parts
        forget(slot.upload, ports)
        raise
    return slot.upload


def new_slot(
    command: NewUpload, rules: IntakeRules, profile: ProfileRef | None, caller: Caller, ports: SlotPorts
) -> Slot:
    """What `check_slot` has let pass, not stored yet."""
    playback_id = ports.new_id(Prefix.PLAYBACK)
    reserved = _reserved_asset(command, rules, playback_id, caller, ports).model_copy(update={"profile": profile})
    asset, created = advance(reserved, EventType.ASSET_CREATED, origin_of(caller, ports))
    asset, opened = advance(asset, EventType.UPLOAD_CREATED, origin_of(caller, ports))
    upload = _opened(command, rules, asset, caller, ports)
    asked = Action.ASSET_INGEST if command.source else Action.UPLOAD_CREATE
    lookup = PlaybackLookup(playback_id=playback_id, tenant_id=caller.tenant_id, asset_id=asset.id)
    return Slot(
        upload,
        asset,
        [
            *opening(upload, max_fetches=ports.limits.max_open_fetches),
            Create(asset),
            Create(lookup),
            Create(created),
            Create(opened),
            audited(asked, caller, asset.id, at=asset.created_at, new_id=ports.new_id, upload_id=upload.id),
        ],
    )


def check_slot(command: NewUpload, rules: IntakeRules, caller: Caller, ports: SlotPorts) -> None:
    """Raises what `create_upload` raises for it."""
    check_origin(rules, caller)
    if command.on_duplicate != "allow" and command.checksum is None:
        detail = "A duplicate is known by its checksum."
        raise InvalidRequest(errors=(FieldError("/checksum", "missing", detail),))
    check_size(
        command.size_bytes,
        rules=rules,
        transcode=command.transcode,
        max_transcode_bytes=ports.limits.max_transcode_bytes,
    )
    check_duration(command.duration_s, rules=rules)
    if command.source is None:  # a source says its type when it is fetched
        check_type(command.content_type, rules=rules)
    check_metadata(command.metadata, rules=rules, schemas=ports.schemas)


def _duplicate(command: NewUpload, caller: Caller, ports: SlotPorts) -> Upload | None:
    if command.checksum is None or command.on_duplicate == "allow":
        return None
    digest = fingerprint_digest(
        command.checksum,
        size_bytes=command.size_bytes,
        creator_id=command.creator_id,
        policy_id=command.policy_id,
    )
    return duplicate_at_slot(
        tenant_id=caller.tenant_id,
        digest=digest,
        on_duplicate=command.on_duplicate,
        records=ports.records,
        origin=origin_of(caller, ports),
    )


def _reserved_asset(
    command: NewUpload, rules: IntakeRules, playback_id: str, caller: Caller, ports: SlotPorts
) -> Asset:
    moment = ports.now()
    return Asset(
        id=ports.new_id(Prefix.ASSET),
        tenant_id=caller.tenant_id,
        state=AssetState.CREATED,
        upload_id=command.upload_id,
        playback_ids=(playback_id,),
        title=command.title,
        external_id=command.external_id,
        metadata=command.metadata,
        tags=command.tags,
        creator_id=command.creator_id,
        playback_policy=rules.playback_policy,
        review=Review.PENDING if rules.review == "required" else None,
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
        version=0,
    )


def _opened(command: NewUpload, rules: IntakeRules, asset: Asset, caller: Caller, ports: SlotPorts) -> Upload:
    moment, key = ports.now(), object_key(caller.tenant_id, command.upload_id)
    ttl_s = ttl_of(command.upload_ttl_s, rules=rules, default_s=ports.limits.upload_ttl_s)
    given_up_when_idle = rules.on_interrupt == "abort" and command.source is None
    return Upload(
        id=command.upload_id,
        tenant_id=caller.tenant_id,
        asset_id=asset.id,
        state=UploadState.OPEN,
        key=key,
        multipart_id=_multipart(command, key, caller, ports) if command.source is None else "",
        size_bytes=command.size_bytes,
        part_size=part_size_for(command.size_bytes),
        content_type=command.content_type,
        filename=command.filename,
        creator_id=command.creator_id,
        transcode=command.transcode,
        checksum=command.checksum,
        source=command.source,
        policy_id=command.policy_id,
        rules=rules,
        held_bytes=command.size_bytes,
        idle_until=idle_limit(moment, ports.limits) if given_up_when_idle else None,
        expires_at=moment + timedelta(seconds=ttl_s),
        created_at=moment,
        updated_at=moment,
        correlation_id=caller.correlation_id,
    )


def _multipart(command: NewUpload, key: str, caller: Caller, ports: SlotPorts) -> str:
    algorithm = command.checksum.algorithm if command.checksum else ChecksumAlgorithm.CRC64NVME
    return ports.objects.create_multipart(
        key,
        content_type=command.content_type,
        correlation_id=caller.correlation_id,
        checksum_algorithm=algorithm,
    )
