"""Upload tokens as text: `ut_<env>_` + tenant and upload (their ULIDs) + expiry (Unix seconds) + `_` + HMAC-SHA256.

A browser that holds one may sign, list, complete and abort its one upload, and nothing else. The text carries all that
it says, so that checking it reads nothing, and making it again for the same upload stores nothing.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sluice.domain.ids import Prefix

MIN_TTL_S = 60
DEFAULT_TTL_S = 3_600

PREFIX = "ut_"
_ULID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"
_SHAPE = re.compile(
    rf"(?P<body>ut_(?P<environment>[a-z]+)_(?P<tenant>{_ULID})(?P<upload>{_ULID})(?P<expires>[0-9]{{10,11}}))"
    r"_(?P<mac>[A-Za-z0-9_-]{43})"
)


class UploadToken(NamedTuple):
    tenant_id: str
    upload_id: str
    expires_at: int  # Unix seconds


def format_token(token: UploadToken, *, environment: str, key: bytes) -> str:
    tenant = token.tenant_id.removeprefix(f"{Prefix.TENANT}_")
    upload = token.upload_id.removeprefix(f"{Prefix.UPLOAD}_")
    body = f"ut_{environment}_{tenant}{upload}{token.expires_at}"
    return f"{body}_{_mac(key, body)}"


def parse_token(text: str, *, environment: str, key: bytes) -> UploadToken | None:
    """None unless it was made here, for this environment; the expiry is for the caller to compare."""
    match = _SHAPE.fullmatch(text)
    if match is None or match["environment"] != environment:
        return None
    if not hmac.compare_digest(_mac(key, match["body"]), match["mac"]):
        return None
    return UploadToken(
        f"{Prefix.TENANT}_{match['tenant']}", f"{Prefix.UPLOAD}_{match['upload']}", int(match["expires"])
    )


def expired(token: UploadToken, now: datetime) -> bool:
    return token.expires_at <= now.timestamp()


def _mac(key: bytes, body: str) -> str:
    return urlsafe_b64encode(hmac.new(key, body.encode(), sha256).digest()).rstrip(b"=").decode()
