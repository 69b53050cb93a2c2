"""Answer a player: playlists of one immutable version whose URLs hold for this viewing and nothing else."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sluice.domain.denials import DenialReason, TokenRefused, reason_of
from sluice.domain.errors import AssetNotPlayable, PlaybackDenied, PlaybackNotFound
from sluice.domain.models import Asset, AssetVersion, Rendition
from sluice.domain.pictures import POSTER
from sluice.domain.playback_tokens import (
    ChildClaims,
    OpenClaims,
    child_claims,
    continuation,
    finish_time,
    open_claims,
    session_of,
)
from sluice.domain.playback_urls import PARAMETER, PlayRequest
from sluice.domain.states import AssetState
from sluice.domain.thumbnails import thumbnail_key
from sluice.media.playlists import render_master, render_media, render_mpd
from sluice.media.storyboard import storyboard_vtt
from sluice.service.denials import DenialLog, Refused
from sluice.service.playback_ports import PlaybackTokens, PlaylistFiles, UrlSigner
from sluice.service.playback_sessions import active_version, check_review
from sluice.service.ports import Records

HLS = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"
VTT = "text/vtt; charset=utf-8"


class Playlist(NamedTuple):
    content_type: str
    body: str


class Redirect(NamedTuple):
    location: str


class PlaybackPorts(NamedTuple):
    records: Records
    files: PlaylistFiles
    tokens: PlaybackTokens
    urls: UrlSigner
    media_base_url: str
    denials: DenialLog


def play(request: PlayRequest, *, request_id: str, now: datetime, ports: PlaybackPorts) -> Playlist | Redirect:
    """Raises PlaybackNotFound, and, noted for the asset's tenant, PlaybackDenied and AssetNotPlayable."""
    try:
        return _play(request, now, ports)
    except (PlaybackDenied, AssetNotPlayable) as refusal:
        refused = Refused(request.playback_id, reason_of(refusal), request_id, now)
        ports.denials.note(refused, session_id=partial(_session, request, ports))
        raise


def _session(request: PlayRequest, ports: PlaybackPorts) -> str | None:
    with suppress(PlaybackDenied):
        return session_of(ports.tokens.read(request.token or ""), playback_id=request.playback_id)
    return None


def _play(request: PlayRequest, now: datetime, ports: PlaybackPorts) -> Playlist | Redirect:
    if request.token is None:
        raise TokenRefused(DenialReason.NO_TOKEN)
    payload = ports.tokens.read(request.token)
    if request.kind == "rendition":
        continued = child_claims(payload, playback_id=request.playback_id, now=now)
        return _rendition(request, continued, ports)
    opened = open_claims(payload, playback_id=request.playback_id, now=now)
    asset = _asset(opened, ports.records)
    version = active_version(asset, ports.records)
    finish_at = finish_time(opened, duration_s=version.duration_s, now=now)
    match request.kind:
        case "master":
            return _master(opened, version, finish_at, ports)
        case "manifest":
            return _manifest(version, finish_at, ports)
        case "storyboard":
            return _storyboard(version, finish_at, ports)
        case "picture":
            return _picture(request.file, asset, version, finish_at, ports)


def _asset(claims: OpenClaims | ChildClaims, records: Records) -> Asset:
    """Every request asks again, so that a deleted or rejected asset stops at the next playlist."""
    lookup = records.playback(claims.playback_id)
    if lookup is None or lookup.tenant_id != claims.tenant_id:
        raise PlaybackNotFound()
    asset = records.asset(lookup.tenant_id, lookup.asset_id)
    if asset is None or asset.state is AssetState.DELETED:
        raise PlaybackNotFound()
    return asset


def _master(opened: OpenClaims, version: AssetVersion, finish_at: int, ports: PlaybackPorts) -> Playlist:
    token = ports.tokens.issue(continuation(opened, version_id=version.id, finish_at=finish_at))
    text = ports.files.read(f"{version.playlists_prefix}master.m3u8")
    return Playlist(HLS, render_master(text, child_url=lambda uri: f"{uri}?{PARAMETER}={token}"))


def _manifest(version: AssetVersion, finish_at: int, ports: PlaybackPorts) -> Playlist:
    text = ports.files.read(f"{version.playlists_prefix}manifest.mpd")
    known = {rendition.name: rendition for rendition in version.renditions}
    return Playlist(DASH, render_mpd(text, rendition_base=lambda name: _signed(version, known[name], finish_at, ports)))


def _storyboard(version: AssetVersion, finish_at: int, ports: PlaybackPorts) -> Playlist:
    if version.storyboard is None:
        raise PlaybackNotFound()
    text = storyboard_vtt(
        version.storyboard, version.duration_s, lambda name: _signed_picture(name, version, finish_at, ports)
    )
    return Playlist(VTT, text)


def _picture(name: str, asset: Asset, version: AssetVersion, finish_at: int, ports: PlaybackPorts) -> Redirect:
    """A chosen poster stands for the asset, whichever of its versions is played."""
    if name == POSTER and asset.thumbnail_id:
        chosen = thumbnail_key(asset.tenant_id, asset.id, asset.thumbnail_id)
        return Redirect(_signed_file(chosen, finish_at, ports))
    if name not in version.pictures:
        raise PlaybackNotFound()
    return Redirect(_signed_picture(name, version, finish_at, ports))


def _signed_picture(name: str, version: AssetVersion, finish_at: int, ports: PlaybackPorts) -> str:
    return _signed_file(f"{version.media_prefix}{name}", finish_at, ports)


def _signed_file(key: str, finish_at: int, ports: PlaybackPorts) -> str:
    url = f"{ports.media_base_url}/{key}"
    return f"{url}?{ports.urls.sign(url, expires_at=finish_at)}"


def _rendition(request: PlayRequest, continued: ChildClaims, ports: PlaybackPorts) -> Playlist:
    """Of the version that the master was opened with, whatever has been published since."""
    asset = _asset(continued, ports.records)
    check_review(asset)
    version = ports.records.asset_version(asset.tenant_id, asset.id, continued.version_id)
    if version is None:
        raise PlaybackNotFound()
    rendition = next((known for known in version.renditions if known.name == request.rendition), None)
    if rendition is None or (request.iframe and rendition.kind != "video"):
        raise PlaybackNotFound()
    file = f"{rendition.name}-iframe.m3u8" if request.iframe else f"{rendition.name}.m3u8"
    text = ports.files.read(version.playlists_prefix + file)
    base, query = _signed(version, rendition, continued.finish_at, ports)
    directory = f"{rendition.name}/"
    return Playlist(HLS, render_media(text, media_url=lambda uri: f"{base}{uri.removeprefix(directory)}?{query}"))


def _signed(version: AssetVersion, rendition: Rendition, finish_at: int, ports: PlaybackPorts) -> tuple[str, str]:
    """Where a rendition's files stand, and the query that opens them and no other rendition's."""
    base = f"{ports.media_base_url}/{version.rendition_prefix(rendition)}"
    return base, ports.urls.sign(f"{base}*", expires_at=finish_at)
