"""The record of who asked for a change: part of the change's own transaction, so there is none without the other."""

from datetime import datetime

from sluice.domain.audit import UPLOAD_TOKEN, Action, AuditRecord
from sluice.domain.ids import Prefix
from sluice.service.ports import Create, Ids
from sluice.service.upload_access import Caller


def audited(
    action: Action,
    caller: Caller,
    asset_id: str,
    *,
    at: datetime,
    new_id: Ids,
    upload_id: str | None = None,
    job_id: str | None = None,
) -> Create:
    return Create(
        AuditRecord(
            id=new_id(Prefix.AUDIT),
            tenant_id=caller.tenant_id,
            asset_id=asset_id,
            at=at,
            actor=caller.key_id or UPLOAD_TOKEN,
            action=action,
            upload_id=upload_id,
            job_id=job_id,
            request_id=caller.request_id,
            correlation_id=caller.correlation_id,
        )
    )
