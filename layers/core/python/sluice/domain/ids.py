"""Ids: `<prefix>_<ULID in lower case>`. A prefix is never reused and ids of different kinds never interchange."""

import re
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Prefix(StrEnum):
    TENANT = "ten"
    API_KEY = "key"
    INTAKE_POLICY = "ipl"
    ENCODING_PROFILE = "enc"
    UPLOAD = "upl"
    INGEST_BATCH = "igb"
    ASSET = "ast"
    THUMBNAIL = "thm"
    JOB = "job"
    VERSION = "ver"
    CHUNK_PLAN = "pln"
    CHUNK_RUN = "run"
    PLAYBACK = "plb"
    SESSION = "ses"
    WEBHOOK = "whk"
    ROTATION = "rot"
    EVENT = "evt"
    DELIVERY = "dlv"
    REPLAY = "rpl"
    AUDIT = "aud"


# Crockford base32 without i, l, o, u; a ULID's first character is at most 7 (128 bits in 26 characters).
_ULID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS = 10
_SHAPES = {prefix: re.compile(rf"{prefix}_{_ULID}") for prefix in Prefix}


def is_id(prefix: Prefix, text: str) -> bool:
    """True if `text` is a well-formed id of this kind; says nothing about whether the resource exists."""
    return _SHAPES[prefix].fullmatch(text) is not None


def first_id(prefix: Prefix, moment: datetime) -> str:
    """No id of this kind made at `moment` or later sorts before it, and every one made earlier does."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)  # no id is older than 1970
    digits = "".join(_ALPHABET[milliseconds >> shift & 31] for shift in range(5 * (_TIME_DIGITS - 1), -1, -5))
    return f"{prefix}_{digits}{_ALPHABET[0] * 16}"


def derived_id(prefix: Prefix, parent_id: str, index: int) -> str:
    """The same id for the same place in the same parent: its time, and 80 bits that only its whole id gives."""
    time_digits = parent_id.partition("_")[2][:_TIME_DIGITS]
    bits = int.from_bytes(sha256(f"{parent_id}#{index}".encode()).digest()[:10], "big")
    chance = "".join(_ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))
    return f"{prefix}_{time_digits}{chance}"
