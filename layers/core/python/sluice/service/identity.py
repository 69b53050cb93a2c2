"""Who presents this API key? Read by the authorizer on every request, so an answer is remembered for a short while."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from sluice.domain.api_keys import matches, parse_key
from sluice.domain.models import ApiKey
from sluice.domain.upload_tokens import PREFIX, UploadToken, expired, parse_token
from sluice.service.ports import Clock, Records

REMEMBER = timedelta(seconds=30)  # how long a revoked key may still work
REMEMBERED_KEYS = 1_000  # per process; oldest first out


class AuthError(StrEnum):
    """Why there is no identity; `sluice.http` words it. Unknown, revoked and wrong secrets are not told apart."""

    MISSING_KEY = "missing_key"
    MALFORMED_KEY = "malformed_key"
    INVALID_KEY = "invalid_key"
    EXPIRED_KEY = "expired_key"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  # a word for a finding
    EXPIRED_TOKEN = "expired_token"  # noqa: S105
    UNAVAILABLE = "unavailable"


class Identity(NamedTuple):
    tenant_id: str
    key_id: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


class Identifier:
    """One per process: holds the pepper and the identities found in the last 30 s. Refusals are never remembered.

    `upload_token_key` is read only when an upload token is shown.
    """

    def __init__(
        self, *, environment: str, pepper: bytes, upload_token_key: Callable[[], bytes], records: Records, now: Clock
    ) -> None:
        self._environment = environment
        self._pepper = pepper
        self._upload_token_key = upload_token_key
        self._records = records
        self._now = now
        self._recent: OrderedDict[bytes, tuple[Identity, datetime]] = OrderedDict()

    def identify(self, authorization: str | None) -> Identity | UploadToken | AuthError:
        """`authorization` is the request header. At most one read, and none for a key whose checksum is wrong."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return AuthError.MISSING_KEY
        if token.startswith(PREFIX):
            return self._check_token(token)
        fingerprint = sha256(token.encode("utf-8", "surrogatepass")).digest()
        if remembered := self._recall(fingerprint):
            return remembered
        found = self._look_up(token)
        if isinstance(found, Identity):
            self._remember(fingerprint, found)
        return found

    def _check_token(self, text: str) -> UploadToken | AuthError:
        token = parse_token(text, environment=self._environment, key=self._upload_token_key())
        if token is None:
            return AuthError.INVALID_TOKEN
        return AuthError.EXPIRED_TOKEN if expired(token, self._now()) else token

    def _look_up(self, token: str) -> Identity | AuthError:
        presented = parse_key(token, self._environment)
        if presented is None:
            return AuthError.MALFORMED_KEY
        key = self._records.api_key(presented.key_id)
        if not matches(self._pepper, presented.secret, key.digest if key else None) or key is None or key.revoked:
            return AuthError.INVALID_KEY
        if _expired(key.expires_at, self._now()):
            return AuthError.EXPIRED_KEY
        return _identity(key)

    def _recall(self, fingerprint: bytes) -> Identity | None:
        identity, until = self._recent.get(fingerprint, (None, None))
        if identity is None or until is None:
            return None
        moment = self._now()
        if moment >= until or _expired(identity.expires_at, moment):
            del self._recent[fingerprint]
            return None
        return identity

    def _remember(self, fingerprint: bytes, identity: Identity) -> None:
        self._recent[fingerprint] = (identity, self._now() + REMEMBER)
        if len(self._recent) > REMEMBERED_KEYS:
            self._recent.popitem(last=False)


def _identity(key: ApiKey) -> Identity:
    return Identity(key.tenant_id, key.id, key.scopes, key.expires_at)


def _expired(expires_at: datetime | None, moment: datetime) -> bool:
    return expires_at is not None and moment >= expires_at
