"""List cursors: a position under a MAC that binds it to the tenant, the route and the filters it was made for."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from sluice.domain.errors import InvalidCursor

_MAC_BYTES = 16  # 128 bits: a forgery needs 2^127 requests on average
_LONGEST = 1_024


def seal(position: str, *, key: bytes, tenant_id: str, route: str, filters: Mapping[str, str] | None = None) -> str:
    """An opaque, URL-safe cursor. `position` is readable to whoever decodes it: ids of the tenant only."""
    # JSON keeps the parts apart: no two different bindings give the same bytes
    bound = json.dumps([tenant_id, route, sorted((filters or {}).items()), position])
    mac = hmac.digest(key, bound.encode(), "sha256")[:_MAC_BYTES]
    return urlsafe_b64encode(mac + position.encode()).decode().rstrip("=")


def unseal(cursor: str, *, key: bytes, tenant_id: str, route: str, filters: Mapping[str, str] | None = None) -> str:
    """The position. Raises InvalidCursor unless `seal` made exactly this text with the same key and bindings."""
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        position = raw[_MAC_BYTES:].decode()
    except ValueError as error:
        raise InvalidCursor() from error
    # base64 has several spellings of the same bytes, so the texts are compared
    if not hmac.compare_digest(cursor, seal(position, key=key, tenant_id=tenant_id, route=route, filters=filters)):
        raise InvalidCursor()
    return position
