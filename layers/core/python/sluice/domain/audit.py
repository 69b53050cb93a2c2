"""Who asked for a change over the API: one record beside each change, written with it and never changed."""

from datetime import datetime
from enum import StrEnum

from sluice.domain.models import Model

UPLOAD_TOKEN = "upload_token"  # noqa: S105  # an actor's name


class Action(StrEnum):
    """Stable names: callers look for them."""

    UPLOAD_CREATE = "upload.create"
    UPLOAD_BEGIN = "upload.begin"  # its first part was signed
    UPLOAD_COMPLETE = "upload.complete"
    UPLOAD_ABORT = "upload.abort"
    ASSET_INGEST = "asset.ingest"
    ASSET_APPROVE = "asset.approve"
    ASSET_REJECT = "asset.reject"
    ASSET_RETRY = "asset.retry"
    JOB_CANCEL = "job.cancel"
    THUMBNAIL_CREATE = "thumbnail.create"
    THUMBNAIL_DELETE = "thumbnail.delete"


class AuditRecord(Model):
    """Holds ids and nothing that was sent: no bodies, tokens, URLs."""

    id: str  # sorts by time, so that a log of the whole tenant could be read in order as well
    tenant_id: str
    asset_id: str
    at: datetime
    actor: str  # id of the API key, or UPLOAD_TOKEN
    action: str  # an Action; of the next release perhaps one that is not known here yet
    upload_id: str | None = None
    job_id: str | None = None
    request_id: str
    correlation_id: str
