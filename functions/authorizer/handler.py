"""Every API request, first: who is it? Never refuses by itself: an HTTP API's denial cannot be given our shape."""

import logging
from functools import cache
from typing import Any

from sluice import bootstrap
from sluice.config import AuthorizerSettings
from sluice.domain.upload_tokens import UploadToken
from sluice.observability import observed
from sluice.service.identity import AuthError, Identifier

logger = logging.getLogger(__name__)


@cache
def deps() -> Identifier:
    return bootstrap.identifier(AuthorizerSettings.from_env())


@observed("authorizer")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Context: `{tenant, scopes, key_id}`, `{tenant, upload_id}` for an upload token, or `{auth_error}`, which
    `sluice.http` turns into 401, 403 or 503."""
    try:
        found = deps().identify((event.get("headers") or {}).get("authorization"))
    except Exception:  # an exception would become the gateway's own 500
        logger.exception("identity_unavailable")
        found = AuthError.UNAVAILABLE
    if isinstance(found, AuthError):
        return {"isAuthorized": True, "context": {"auth_error": str(found)}}
    if isinstance(found, UploadToken):
        return {"isAuthorized": True, "context": {"tenant": found.tenant_id, "upload_id": found.upload_id}}
    identity = {"tenant": found.tenant_id, "scopes": " ".join(found.scopes), "key_id": found.key_id}
    return {"isAuthorized": True, "context": identity}
