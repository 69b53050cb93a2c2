"""What the head of a source's answer says: strictly read, for a wrong reading would store a wrong file."""

import re
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from sluice.domain.source_errors import SourceBadAnswer, SourceChanged, SourceRefused, SourceUnavailable

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429})
_NUMBER = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{0,500}"')
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,200}")


class SourceHead(NamedTuple):
    start: int  # offset of the body's first byte in the file
    length: int | None  # bytes of this body; None: it is chunked and ends by itself
    total: int | None  # bytes of the file
    chunked: bool
    validator: str | None
    content_type: str | None


def read_head(status: int, headers: Message, *, start: int, validator: str | None) -> SourceHead:
    """`start` and `validator` are those that were asked with. Raises SourceRefused, SourceChanged, SourceBadAnswer."""
    if status == 416 and start:
        raise SourceChanged()
    if status not in (200, 206):
        raise (SourceUnavailable if status in _TRANSIENT or status >= 500 else SourceRefused)(status)
    if status == 206 and not start:
        raise SourceBadAnswer("The source answered with a part of the file to a request for all of it.")
    if any(value.strip().lower() != "identity" for value in headers.get_all("Content-Encoding", [])):
        raise SourceBadAnswer("The source compresses the file though it was asked not to.")
    chunked, length = _framing(headers)
    first, total = 0, length
    if status == 206:
        first, length, total = _range(headers, start, length)
        _require_same_file(headers, validator)
    content_type = headers.get("Content-Type", "").strip()
    return SourceHead(
        start=first,
        length=length,
        total=total,
        chunked=chunked,
        validator=validator_of(headers),
        content_type=content_type if _CONTENT_TYPE.fullmatch(content_type) else None,
    )


def _framing(headers: Message) -> tuple[bool, int | None]:
    codings = headers.get_all("Transfer-Encoding", [])
    lengths = {value.strip() for value in headers.get_all("Content-Length", [])}
    if codings:
        if lengths or [value.strip().lower() for value in codings] != ["chunked"]:
            raise SourceBadAnswer("The source says in two ways, or in an unknown one, where its answer ends.")
        return True, None
    if len(lengths) != 1:
        # A body that ends with its connection cannot be told from one that was cut.
        raise SourceBadAnswer("The source does not say where its answer ends.")
    [length] = lengths
    if not _NUMBER.fullmatch(length):
        raise SourceBadAnswer("The source's Content-Length is not a number.")
    return False, int(length)


def _range(headers: Message, start: int, length: int | None) -> tuple[int, int, int]:
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if not found:
        raise SourceBadAnswer("The source does not say which part of the file it sends.")
    first, last, total = map(int, found.groups())
    expected = last - first + 1
    if first != start or not first <= last < total or length not in (None, expected):
        raise SourceBadAnswer("The source sends another part of the file than was asked for.")
    return first, expected, total


def _require_same_file(headers: Message, validator: str | None) -> None:
    """A source may ignore If-Range. It may leave Last-Modified out of a part (RFC 9110, 15.3.7), but not the ETag."""
    if validator and validator.startswith('"'):
        same = headers.get("ETag", "").strip() == validator
    else:
        same = headers.get("Last-Modified", validator) == validator
    if not same:
        raise SourceChanged()


def validator_of(headers: Message) -> str | None:
    """What If-Range may name: a strong ETag, else a Last-Modified that is strong (RFC 9110, 8.8.2.2)."""
    etag = headers.get("ETag", "").strip()
    if _STRONG_ETAG.fullmatch(etag):
        return etag
    modified, sent = headers.get("Last-Modified"), headers.get("Date")
    if modified is None or sent is None or not _CONTENT_TYPE.fullmatch(modified):
        return None
    try:
        older = (parsedate_to_datetime(sent) - parsedate_to_datetime(modified)).total_seconds()
    except (TypeError, ValueError):
        return None
    return modified if older >= 1 else None
