"""Who may touch an upload, and what the use cases of uploads share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sluice.domain.errors import Conflict
from sluice.domain.events import Origin
from sluice.domain.ids import Prefix, is_id
from sluice.domain.intake import IntakeRules
from sluice.domain.models import Asset
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import OriginNotAllowed, UploadClosed, UploadExpired, UploadIsFetched, UploadNotFound
from sluice.service.policy_ports import MetadataSchemas
from sluice.service.ports import Clock, CompletionQueue, Ids, PartSigner, Records, UploadObjects


class Caller(Protocol):
    """Who asks: the tenant comes from the API key or the upload token, and from nowhere else."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def key_id(self) -> str | None: ...  # None: an upload token
    @property
    def request_id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def origin(self) -> str | None: ...  # of the page, when a browser asks


@dataclass(frozen=True)
class UploadLimits:
    upload_ttl_s: int
    part_url_ttl_s: int
    max_transcode_bytes: int
    max_open_fetches: int  # of one tenant: each may hold a task for hours


@dataclass(frozen=True, kw_only=True)
class SlotPorts:
    """What opening a slot needs."""

    environment: str
    limits: UploadLimits
    records: Records
    objects: UploadObjects
    schemas: MetadataSchemas
    new_id: Ids
    now: Clock


@dataclass(frozen=True, kw_only=True)
class UploadPorts(SlotPorts):
    signer: PartSigner
    queue: CompletionQueue
    token_key: Callable[[], bytes]


def get_upload(upload_id: str, *, caller: Caller, records: Records) -> Upload:
    """Raises UploadNotFound, also for another tenant's upload, and OriginNotAllowed."""
    upload = records.upload(caller.tenant_id, upload_id) if is_id(Prefix.UPLOAD, upload_id) else None
    if upload is None:
        raise UploadNotFound()
    check_origin(upload.rules, caller)
    return upload


def check_origin(rules: IntakeRules, caller: Caller) -> None:
    """The bucket's CORS cannot tell uploads apart, so a policy's origins are enforced here. Raises OriginNotAllowed."""
    if caller.origin is not None and rules.allowed_origins and caller.origin not in rules.allowed_origins:
        raise OriginNotAllowed(f"The intake policy does not take uploads from {caller.origin}.")


def open_upload(upload_id: str, caller: Caller, ports: SlotPorts) -> Upload:
    """An upload that its client may go on with. Raises UploadNotFound, UploadClosed, UploadExpired, UploadIsFetched."""
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    late = upload.state is UploadState.OPEN and upload.deadline <= ports.now()
    if upload.state is UploadState.EXPIRED or late:
        raise UploadExpired()
    if upload.state is not UploadState.OPEN:
        raise UploadClosed()
    if upload.source is not None:
        raise UploadIsFetched()
    return upload


def asset_of(records: Records, upload: Upload) -> Asset:
    asset = records.asset(upload.tenant_id, upload.asset_id)
    if asset is None:
        raise Conflict("The upload's asset is gone.")
    return asset


def origin_of(caller: Caller, ports: SlotPorts) -> Origin:
    return Origin(
        environment=ports.environment,
        now=ports.now(),
        event_id=ports.new_id(Prefix.EVENT),
        request_id=caller.request_id,
    )
