"""A browser's own key to one upload, made by a server that holds an API key."""

from datetime import datetime, timedelta

from sluice.domain.upload import Upload
from sluice.domain.upload_tokens import DEFAULT_TTL_S, UploadToken, format_token
from sluice.service.upload_access import Caller, UploadPorts, open_upload


def token_for(upload: Upload, *, ports: UploadPorts, ttl_s: int = DEFAULT_TTL_S) -> tuple[str, datetime]:
    """The token of the reservation and its end.

    It counts from the reservation, so that a repeated request gets the same answer; once half of its life is over,
    from now.
    """
    life, now = timedelta(seconds=ttl_s), ports.now()
    return _token(upload, upload.created_at + life if now <= upload.created_at + life / 2 else now + life, ports)


def new_token(upload_id: str, *, ttl_s: int, caller: Caller, ports: UploadPorts) -> tuple[str, datetime]:
    """Raises UploadNotFound, UploadClosed, UploadExpired, UploadIsFetched."""
    return _token(open_upload(upload_id, caller, ports), ports.now() + timedelta(seconds=ttl_s), ports)


def _token(upload: Upload, ends_at: datetime, ports: UploadPorts) -> tuple[str, datetime]:
    """Never lives longer than its upload."""
    ends_at = min(ends_at, upload.expires_at).replace(microsecond=0)
    token = UploadToken(upload.tenant_id, upload.id, int(ends_at.timestamp()))
    return format_token(token, environment=ports.environment, key=ports.token_key()), ends_at
