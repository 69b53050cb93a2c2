"""Presigned UploadPart URLs in path style, signed by Signature Version 4 in the query, without boto3.

Source of the rule: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters",
docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. The URLs are boto3's to the letter, which the
tests compare; boto3 builds a whole request for each, and an upload has up to 10,000 parts.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SIGNED_HEADERS = "content-length;host"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Part(NamedTuple):
    number: int
    length: int  # bytes
    checksum: str | None = None  # base64


class _Form(NamedTuple):
    """What the requests and URLs of all parts that sign the same headers have in common."""

    constant: "hashlib._Hash"  # of the canonical request up to the part number
    after_number: str
    after_length: str
    end: str
    before: str
    after: str


class PartPresigner:
    """Signs for one session in one region.

    `endpoint_url` is where boto3 sends S3's requests: its port is part of the host header unless it is the default.
    """

    def __init__(
        self, *, access_key: str, secret_key: str, session_token: str | None, region: str, endpoint_url: str
    ) -> None:
        endpoint = urlsplit(endpoint_url)
        self._access_key = access_key
        self._secret_key = secret_key
        self._session_token = session_token
        self._region = region
        self._origin = f"{endpoint.scheme}://{endpoint.netloc}"
        self._root = endpoint.path.rstrip("/")
        self._host = host_header(endpoint)
        self._key_of_day: tuple[str, bytes] = ("", b"")

    def urls(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Iterable[Part],
        *,
        expires_s: int,
        at: datetime,
        checksum_header: str = "",
    ) -> Iterator[str]:
        """One URL for each part, in their order; `at` is aware, and expiry counts from it.

        A part with a checksum is signed together with the header `checksum_header` (lower case).
        """
        moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        day = moment[:8]
        scope = f"{day}/{self._region}/s3/aws4_request"
        path = f"{self._root}/{_encoded(bucket)}/{quote(key, safe='/')}"
        upload = f"uploadId={_encoded(upload_id)}"
        plain, checked = (
            self._form(path, upload, self._fields(scope, moment, expires_s, signed), signed)
            for signed in (_SIGNED_HEADERS, f"{_SIGNED_HEADERS};{checksum_header}")
        )
        to_sign = hmac.new(self._signing_key(day), f"{_ALGORITHM}\n{moment}\n{scope}\n".encode(), sha256)
        for number, length, checksum in parts:
            constant, after_number, after_length, end, before, after = plain if checksum is None else checked
            line = "" if checksum is None else f"{checksum_header}:{checksum}\n"
            request = constant.copy()
            request.update(f"{number}{after_number}{length}{after_length}{line}{end}".encode())
            signature = to_sign.copy()
            signature.update(request.hexdigest().encode())
            yield f"{before}{number}{after}{signature.hexdigest()}"

    def _form(self, path: str, upload: str, fields: list[tuple[str, str]], signed: str) -> _Form:
        """Canonical queries are sorted, capitals first: what differs between parts comes at the end of the request."""
        return _Form(
            constant=sha256(f"PUT\n{path}\n{_query(sorted(fields))}&partNumber=".encode()),
            after_number=f"&{upload}\ncontent-length:",
            after_length=f"\nhost:{self._host}\n",
            end=f"\n{signed}\nUNSIGNED-PAYLOAD",
            before=f"{self._origin}{path}?{upload}&partNumber=",
            after=f"&{_query(fields)}&X-Amz-Signature=",
        )

    def _fields(self, scope: str, moment: str, expires_s: int, signed: str) -> list[tuple[str, str]]:
        """In boto3's order, which is the URL's."""
        fields = [
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{self._access_key}/{scope}"),
            ("X-Amz-Date", moment),
            ("X-Amz-Expires", str(expires_s)),
            ("X-Amz-SignedHeaders", signed),
        ]
        if self._session_token is not None:
            fields.append(("X-Amz-Security-Token", self._session_token))
        return fields

    def _signing_key(self, day: str) -> bytes:
        if self._key_of_day[0] != day:
            self._key_of_day = (day, signing_key(self._secret_key, day, self._region))
        return self._key_of_day[1]


def signing_key(secret_key: str, day: str, region: str) -> bytes:
    """Good for S3 in `region` on `day` (YYYYMMDD, UTC)."""
    key = f"AWS4{secret_key}".encode()
    for scope in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, scope.encode(), "sha256")
    return key


def host_header(endpoint: SplitResult) -> str:
    """What an HTTP client sends: lower case, without user and default port."""
    host = endpoint.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if endpoint.port in (None, _DEFAULT_PORTS.get(endpoint.scheme)) else f"{host}:{endpoint.port}"


def _encoded(value: str) -> str:
    return quote(value, safe="")  # leaves letters, digits and -._~ as they are, which is what AWS demands


def _query(fields: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={_encoded(value)}" for name, value in fields)
