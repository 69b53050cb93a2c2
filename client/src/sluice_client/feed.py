"""A page of the feed: events in their order, each in the bytes that webhooks carry."""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_VALUE = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class EventPage:
    bodies: tuple[bytes, ...]  # as they are stored, byte for byte; `Event.of` reads one
    next_cursor: str  # for `after`
    has_more: bool  # there are events behind it already

    @classmethod
    def of(cls, content: bytes) -> "EventPage":
        """From the bytes of an answer: JSON that is read and written again need not be what was signed.

        Raises ValueError, KeyError, TypeError.
        """
        answer, text = json.loads(content), content.decode()
        bodies = tuple(element.encode() for element in elements(text, "data"))
        return cls(bodies, str(answer["next_cursor"]), bool(answer["has_more"]))


def elements(text: str, name: str) -> list[str]:
    """Of the array `name` of an object, as they are written there. `text` is valid JSON. Raises ValueError."""
    at = _behind(text, 0, "{")
    while True:
        key, at = _VALUE(text, at)
        at = _behind(text, at, ":")
        if key == name:
            return _of_array(text, _behind(text, at, "["))
        _, at = _VALUE(text, at)
        at = _behind(text, at, ",")


def _of_array(text: str, at: int) -> list[str]:
    found = []
    while not text.startswith("]", at):
        _, end = _VALUE(text, at)
        found.append(text[at:end])
        at = _space(text, end)
        at = _behind(text, at, ",") if text.startswith(",", at) else at
    return found


def _behind(text: str, at: int, mark: str) -> int:
    """Where the next word after `mark` begins."""
    at = _space(text, at)
    if not text.startswith(mark, at):
        raise ValueError(f"no {mark} at {at}")
    return _space(text, at + 1)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
