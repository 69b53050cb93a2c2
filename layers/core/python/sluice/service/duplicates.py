"""The same file again: known by size and full-object checksum, within one creator and one intake policy."""

from typing import Literal

from sluice.domain.events import EventType, Origin, advance
from sluice.domain.intake import Checksum
from sluice.domain.models import Asset
from sluice.domain.states import AssetState
from sluice.domain.upload import Fingerprint, Upload, fingerprint_digest
from sluice.domain.upload_errors import UploadDuplicate
from sluice.service.ports import Create, Records, Replace, Write
from sluice.service.retries import retry_on_conflict

OnDuplicate = Literal["allow", "return_existing", "reject"]
_GONE = (AssetState.DELETED, AssetState.FAILED)


def existing_asset(records: Records, tenant_id: str, digest: str) -> Asset | None:
    """The asset that was made from this file and still is one."""
    first = records.fingerprint(tenant_id, digest)
    asset = first and records.asset(tenant_id, first.asset_id)
    return asset if asset and asset.state not in _GONE else None


@retry_on_conflict
def duplicate_at_slot(
    *, tenant_id: str, digest: str, on_duplicate: OnDuplicate, records: Records, origin: Origin
) -> Upload | None:
    """The upload that brought this file before, with `upload.duplicate` told; None when the file is new.

    Raises UploadDuplicate where duplicates are to be rejected.
    """
    asset = existing_asset(records, tenant_id, digest)
    upload = records.upload(tenant_id, asset.upload_id) if asset else None
    if asset is None or upload is None:
        return None
    told, event = advance(asset, EventType.UPLOAD_DUPLICATE, origin._replace(duplicate_of=asset.id))
    records.commit(Replace(told), Create(event))
    if on_duplicate == "reject":
        raise UploadDuplicate(f"The asset {asset.id} holds this file.")
    return upload


def remembering(
    upload: Upload, asset: Asset, stored: Checksum | None, records: Records, origin: Origin
) -> tuple[Asset, list[Write]]:
    """For the transaction that accepts an upload: the first of its file is remembered, a later one is told."""
    if stored is None:
        return asset, []
    digest = fingerprint_digest(
        stored, size_bytes=upload.size_bytes, creator_id=upload.creator_id, policy_id=upload.policy_id
    )
    known = records.fingerprint(upload.tenant_id, digest)
    if known is None:
        first = Fingerprint(tenant_id=upload.tenant_id, digest=digest, asset_id=asset.id, created_at=origin.now)
        return asset, [Create(first)]
    if existing := existing_asset(records, upload.tenant_id, digest):
        told, event = advance(asset, EventType.UPLOAD_DUPLICATE, origin._replace(duplicate_of=existing.id))
        # two events, but one write of the asset
        return told.model_copy(update={"version": asset.version}), [Create(event)]
    return asset, [Replace(known.model_copy(update={"asset_id": asset.id, "version": known.version + 1}))]
