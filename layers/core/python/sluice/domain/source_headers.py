"""Headers that a caller may have sent to the source of a URL ingest: an Authorization, say."""

import re
from collections.abc import Mapping

from sluice.domain.source_errors import SourceHeaderNotAllowed

MAX_HEADERS = 20
MAX_VALUE = 4_096
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110, token
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")  # what ends a line would start another header

_OURS = frozenset({"host", "user-agent", "accept-encoding", "cookie", "range", "expect"})
_BODY = frozenset({"content-length", "transfer-encoding", "te", "trailer"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "upgrade"})
_PREFIXES = ("if-", "proxy-")  # conditions are ours; a proxy is nobody's


def require_source_headers(headers: Mapping[str, str]) -> None:
    """Raises SourceHeaderNotAllowed."""
    names = {name.lower() for name in headers}
    if len(headers) > MAX_HEADERS or len(names) != len(headers):
        raise SourceHeaderNotAllowed(f"At most {MAX_HEADERS} headers, each name once.")
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise SourceHeaderNotAllowed("A header has a name that is none.")
        if name.lower() in _OURS | _BODY | _HOP_BY_HOP or name.lower().startswith(_PREFIXES):
            raise SourceHeaderNotAllowed(f"The header {name} is not yours to set.")
        if len(value) > MAX_VALUE or not _VALUE.fullmatch(value):
            raise SourceHeaderNotAllowed(f"The header {name} needs 1 to {MAX_VALUE} printable ASCII characters.")
