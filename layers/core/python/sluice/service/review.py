"""A person's word on an asset whose intake policy asks for one. Until it is yes, nobody can watch."""

from sluice.domain.audit import Action
from sluice.domain.events import EventType, Origin, advance
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, Review
from sluice.domain.upload_errors import ReviewNotAsked
from sluice.service.auditing import audited
from sluice.service.catalogue import get_asset
from sluice.service.ports import Clock, Create, Ids, Records, Replace
from sluice.service.retries import retry_on_conflict
from sluice.service.upload_access import Caller

ACTIONS = {Review.APPROVED: Action.ASSET_APPROVE, Review.REJECTED: Action.ASSET_REJECT}


@retry_on_conflict
def review_asset(
    asset_id: str,
    verdict: Review,
    *,
    caller: Caller,
    environment: str,
    records: Records,
    new_id: Ids,
    now: Clock,
) -> Asset:
    """In any state but deleted, and as often as the mind is changed; the same word again changes nothing.

    Raises AssetNotFound, ReviewNotAsked.
    """
    asset = get_asset(asset_id, tenant_id=caller.tenant_id, records=records)
    if asset.review is None:
        raise ReviewNotAsked()
    if asset.review is verdict:
        return asset
    origin = Origin(environment=environment, now=now(), event_id=new_id(Prefix.EVENT), request_id=caller.request_id)
    after, event = advance(asset, EventType.ASSET_UPDATED, origin, review=verdict)
    said = audited(ACTIONS[verdict], caller, asset.id, at=origin.now, new_id=new_id)
    records.commit(Replace(after), Create(event), said)
    return after
