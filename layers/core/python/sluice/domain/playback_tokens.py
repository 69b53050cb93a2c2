"""Playback tokens: what they say and how long they hold. Signing them is an adapter's work.

An *open* token stands in the URLs that a session hands out: it may open the master playlist, the MPD and the poster
until it expires. A *child* token stands in the playlist URLs inside a master that was opened in time. It names the
version that was opened, so that a re-publish never mixes two versions in one playback, and holds until the viewing must
have ended: players fetch variant, audio and I-frame playlists lazily, long after the open token has expired.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import NamedTuple

from sluice.domain.denials import DenialReason, TokenRefused
from sluice.domain.ids import Prefix, is_id

MIN_TTL_S = 60
MAX_TTL_S = 900
DEFAULT_TTL_S = 300

MIN_VIEWING_S = 600  # beside twice the duration: time to pause, rewind and watch a short clip again
MAX_VIEWING_S = 86_400  # a leaked segment URL is worth nothing after a day


class OpenClaims(NamedTuple):
    """Times are Unix seconds."""

    session_id: str
    playback_id: str
    tenant_id: str
    issued_at: int
    expires_at: int


class ChildClaims(NamedTuple):
    """Times are Unix seconds."""

    session_id: str
    playback_id: str
    tenant_id: str
    version_id: str
    finish_at: int


Claims = OpenClaims | ChildClaims


def new_session(*, session_id: str, playback_id: str, tenant_id: str, ttl_s: int, now: datetime) -> OpenClaims:
    issued_at = int(now.timestamp())
    return OpenClaims(session_id, playback_id, tenant_id, issued_at, issued_at + ttl_s)


def continuation(opened: OpenClaims, *, version_id: str, finish_at: int) -> ChildClaims:
    return ChildClaims(opened.session_id, opened.playback_id, opened.tenant_id, version_id, finish_at)


def finish_time(opened: OpenClaims, *, duration_s: float, now: datetime) -> int:
    """When everything that was opened now stops working: max(ttl, 2 x duration + 10 min) from now, at most 24 h."""
    viewing_s = max(opened.expires_at - opened.issued_at, 2 * duration_s + MIN_VIEWING_S)
    return min(ceil(now.timestamp() + viewing_s), int(now.timestamp()) + MAX_VIEWING_S)


def to_payload(claims: Claims) -> dict[str, str | int]:
    """The JWT payload: `typ` keeps one kind from being taken for the other, both end at `exp`."""
    shared: dict[str, str | int] = {"ses": claims.session_id, "plb": claims.playback_id, "ten": claims.tenant_id}
    match claims:
        case OpenClaims():
            return {**shared, "typ": "open", "iat": claims.issued_at, "exp": claims.expires_at}
        case ChildClaims():
            return {**shared, "typ": "child", "ver": claims.version_id, "exp": claims.finish_at}


def open_claims(payload: Mapping[str, object], *, playback_id: str, now: datetime) -> OpenClaims:
    """The claims of a verified payload that may open `playback_id` now. Raises PlaybackDenied."""
    _check(payload, typ="open", playback_id=playback_id, now=now)
    return OpenClaims(
        session_id=_id(payload, "ses", Prefix.SESSION),
        playback_id=playback_id,
        tenant_id=_id(payload, "ten", Prefix.TENANT),
        issued_at=_seconds(payload, "iat"),
        expires_at=_seconds(payload, "exp"),
    )


def child_claims(payload: Mapping[str, object], *, playback_id: str, now: datetime) -> ChildClaims:
    """The claims of a verified payload that may continue `playback_id` now. Raises PlaybackDenied."""
    _check(payload, typ="child", playback_id=playback_id, now=now)
    return ChildClaims(
        session_id=_id(payload, "ses", Prefix.SESSION),
        playback_id=playback_id,
        tenant_id=_id(payload, "ten", Prefix.TENANT),
        version_id=_id(payload, "ver", Prefix.VERSION),
        finish_at=_seconds(payload, "exp"),
    )


def _check(payload: Mapping[str, object], *, typ: str, playback_id: str, now: datetime) -> None:
    """No leeway: who issues and who checks read clocks that AWS keeps within milliseconds."""
    if payload.get("typ") != typ or payload.get("plb") != playback_id:
        raise TokenRefused(DenialReason.WRONG_TOKEN)
    if _seconds(payload, "exp") <= now.timestamp():
        raise TokenRefused(DenialReason.TOKEN_EXPIRED if typ == "open" else DenialReason.VIEWING_OVER)


def session_of(payload: Mapping[str, object], *, playback_id: str) -> str | None:
    """Of a verified payload that need not hold any more; None if it was made for another playback id."""
    return _id(payload, "ses", Prefix.SESSION) if payload.get("plb") == playback_id else None


def _id(payload: Mapping[str, object], name: str, prefix: Prefix) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not is_id(prefix, value):
        raise TokenRefused(DenialReason.WRONG_TOKEN)
    return value


def _seconds(payload: Mapping[str, object], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenRefused(DenialReason.WRONG_TOKEN)
    return value
