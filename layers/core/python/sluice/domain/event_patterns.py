"""Globs over event types, such as `transcode.*`; `*` also spans dots."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from sluice.domain.event_catalogue import EventType

_SHAPE = re.compile(r"[a-z_.*]+")


def matches_any(event_type: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(event_type, pattern) for pattern in patterns)


def matches_something(pattern: str) -> bool:
    """A pattern that no event type matches is a typo, and would be found out only by silence."""
    return _SHAPE.fullmatch(pattern) is not None and any(fnmatchcase(known, pattern) for known in EventType)
