"""Ids: `<prefix>_<ULID in lower case>`. A prefix is never reused and ids of different kinds never interchange."""

import re
from enum import StrEnum


class Prefix(StrEnum):
    TENANT = "ten"
    API_KEY = "key"
    INTAKE_POLICY = "ipl"
    UPLOAD = "upl"
    ASSET = "ast"
    JOB = "job"
    VERSION = "ver"
    PLAYBACK = "plb"
    SESSION = "ses"
    WEBHOOK = "whk"
    EVENT = "evt"
    DELIVERY = "dlv"


# Crockford base32 without i, l, o, u; a ULID's first character is at most 7 (128 bits in 26 characters).
_ULID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"
_SHAPES = {prefix: re.compile(rf"{prefix}_{_ULID}") for prefix in Prefix}


def is_id(prefix: Prefix, text: str) -> bool:
    """True if `text` is a well-formed id of this kind; says nothing about whether the resource exists."""
    return _SHAPES[prefix].fullmatch(text) is not None
