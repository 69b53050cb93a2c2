"""The parts of an open upload, and its completion request. Bytes go straight to S3; this side decides and signs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sluice.domain.audit import Action
from sluice.domain.errors import FieldError, InvalidRequest
from sluice.domain.events import EventType, advance
from sluice.domain.intake import Checksum, ChecksumAlgorithm, is_value
from sluice.domain.parts import part_count
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import (
    PartChecksumMissing,
    PartOutOfRange,
    UploadChecksumMismatch,
    UploadClosed,
    UploadExpired,
    UploadIncomplete,
    UploadSizeMismatch,
)
from sluice.service.auditing import audited
from sluice.service.ports import NO_CHECKSUMS, Create, Replace, SignedPart, StoredPart, Write
from sluice.service.retries import retry_on_conflict
from sluice.service.settling import moving
from sluice.service.upload_access import Caller, UploadLimits, UploadPorts, asset_of, get_upload, open_upload, origin_of

COMPLETION_WAIT_S = 3.0  # most completions are through by then; longer ones get 202 and a place to look
POLL_S = 0.15
IDLE_GRACE = timedelta(seconds=60)
_REOPENED = {error.code: error for error in (UploadIncomplete, UploadSizeMismatch, UploadChecksumMismatch)}


@retry_on_conflict
def sign_parts(
    upload_id: str,
    numbers: Sequence[int],
    *,
    caller: Caller,
    ports: UploadPorts,
    checksums: Mapping[int, str] = NO_CHECKSUMS,
) -> list[SignedPart]:
    """URLs that each take exactly the bytes of one part. The first call moves the asset to `ingesting`.

    `checksums`: see PartSigner. Raises UploadNotFound, UploadClosed, UploadExpired, UploadIsFetched, PartOutOfRange,
    PartChecksumMissing.
    """
    upload = open_upload(upload_id, caller, ports)
    _check_numbers(upload, numbers, checksums)
    writes = _awake(upload, ports)
    asset = asset_of(ports.records, upload)
    if asset.state is AssetState.CREATED:
        asset, event = advance(asset, EventType.ASSET_UPDATED, origin_of(caller, ports), to=AssetState.INGESTING)
        writes += [Replace(asset), Create(event), _asked(Action.UPLOAD_BEGIN, upload, caller, ports)]
    if writes:
        ports.records.commit(*writes)
    remaining_s = int((upload.expires_at - ports.now()).total_seconds())
    expires_s = max(1, min(ports.limits.part_url_ttl_s, remaining_s))
    return ports.signer.sign(upload, numbers, expires_s=expires_s, checksums=checksums)


def _check_numbers(upload: Upload, numbers: Sequence[int], checksums: Mapping[int, str]) -> None:
    last = part_count(upload.size_bytes, upload.part_size)
    if outside := [number for number in (*numbers, *checksums) if not 1 <= number <= last]:
        raise PartOutOfRange(f"Part {outside[0]} is outside 1 to {last}.")
    if malformed := [number for number, value in checksums.items() if not is_value(upload.checksum_algorithm, value)]:
        detail = f"This is not the base64 of a {upload.checksum_algorithm}."
        raise InvalidRequest(errors=(FieldError(f"/checksums/{malformed[0]}", "bad_format", detail),))
    unsummed = set(numbers) - checksums.keys()
    if upload.checksum_algorithm is ChecksumAlgorithm.CRC32C and unsummed:
        raise PartChecksumMissing(f"Part {min(unsummed)} comes without its CRC32C.")


def _awake(upload: Upload, ports: UploadPorts) -> list[Write]:
    """The client is there: an upload that is given up on interruption waits for the end of the new URLs."""
    idle_until = idle_limit(ports.now(), ports.limits)
    # parts are signed many times a minute: not a write each time
    if upload.idle_until is None or idle_until - upload.idle_until < IDLE_GRACE:
        return []
    return [Replace(upload.model_copy(update={"idle_until": idle_until, "version": upload.version + 1}))]


def idle_limit(moment: datetime, limits: UploadLimits) -> datetime:
    """When URLs signed at `moment` have expired, and a client that wanted to go on would have asked for others."""
    return moment + timedelta(seconds=limits.part_url_ttl_s) + 2 * IDLE_GRACE


def list_parts(upload_id: str, *, caller: Caller, ports: UploadPorts) -> list[StoredPart]:
    """What S3 holds so far, so that a client can resume. Raises UploadNotFound, UploadClosed."""
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    if upload.state not in (UploadState.OPEN, UploadState.COMPLETING):
        raise UploadClosed()
    return ports.objects.parts(upload.key, upload.multipart_id) if upload.multipart_id else []


@retry_on_conflict
def request_completion(
    upload_id: str, *, caller: Caller, ports: UploadPorts, checksum: Checksum | None = None
) -> Upload:
    """Ask for the parts to be joined; a repeat while that runs, or after it, changes nothing.

    `checksum` is of the whole file, for those who know it only now. Raises UploadNotFound, UploadClosed, UploadExpired,
    UploadIsFetched, UploadChecksumMismatch.
    """
    upload = get_upload(upload_id, caller=caller, records=ports.records)
    if upload.state in (UploadState.COMPLETING, UploadState.COMPLETE):
        return upload
    upload = open_upload(upload_id, caller, ports)
    _check_declared(upload, checksum)
    completing, writes = moving(upload, UploadState.COMPLETING, ports.now(), error=None, completion_checksum=checksum)
    ports.records.commit(*writes, _asked(Action.UPLOAD_COMPLETE, upload, caller, ports))
    ports.queue.send(tenant_id=upload.tenant_id, upload_id=upload.id)
    return completing


def _asked(action: Action, upload: Upload, caller: Caller, ports: UploadPorts) -> Write:
    return audited(action, caller, upload.asset_id, at=ports.now(), new_id=ports.new_id, upload_id=upload.id)


def _check_declared(upload: Upload, checksum: Checksum | None) -> None:
    """A slot's own checksum stays; one without can still declare the kind that S3 computes anyway."""
    if checksum is None or checksum == upload.checksum:
        return
    if upload.checksum is not None:
        raise UploadChecksumMismatch("The upload was created with another checksum.")
    if checksum.algorithm is not upload.checksum_algorithm:
        detail = f"{checksum.algorithm} has to be declared when the upload is created."
        raise InvalidRequest(errors=(FieldError("/checksum/algorithm", "not_allowed", detail),))


def await_completion(
    upload: Upload,
    *,
    caller: Caller,
    ports: UploadPorts,
    pause: Callable[[float], None],
    wait_s: float = COMPLETION_WAIT_S,
) -> Upload:
    """The upload as soon as it is complete, or as it is after `wait_s`.

    Raises UploadIncomplete, UploadSizeMismatch, UploadChecksumMismatch when the stored parts are not what was declared,
    UploadExpired or UploadClosed when it was settled otherwise meanwhile.
    """
    waited = 0.0
    while upload.state is UploadState.COMPLETING and waited < wait_s:
        pause(POLL_S)
        waited += POLL_S
        upload = get_upload(upload.id, caller=caller, records=ports.records)
    if upload.state is UploadState.OPEN and upload.error is not None:
        raise _REOPENED[upload.error.code](upload.error.message)
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired()
    if upload.state in (UploadState.ABORTED, UploadState.FAILED):
        raise UploadClosed(upload.error.message if upload.error else None)
    return upload
