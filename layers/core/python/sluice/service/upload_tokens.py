"""A browser's own key to one upload, made by a server that holds an API key."""

from datetime import datetime, timedelta

from sluice.domain.upload import Upload
from sluice.domain.upload_tokens import DEFAULT_TTL_S, UploadToken, format_token
from sluice.service.upload_access import Caller, UploadPorts, open_upload


def token_for(upload: Upload, *, ports: UploadPorts, ttl_s: int = DEFAULT_TTL_S) -> tuple[str, datetime]:
    """The token and its end, which is never behind the end of the upload."""
    ends_at = min(ports.now() + timedelta(seconds=ttl_s), upload.expires_at).replace(microsecond=0)
    token = UploadToken(upload.tenant_id, upload.id, int(ends_at.timestamp()))
    return format_token(token, environment=ports.environment, key=ports.token_key()), ends_at


def new_token(upload_id: str, *, ttl_s: int, caller: Caller, ports: UploadPorts) -> tuple[str, datetime]:
    """Raises UploadNotFound, UploadClosed, UploadExpired, UploadIsFetched."""
    return token_for(open_upload(upload_id, caller, ports), ports=ports, ttl_s=ttl_s)
