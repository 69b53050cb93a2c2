"""Open a playback session: what an application asks for on behalf of one viewer."""

from datetime import UTC, datetime
from typing import NamedTuple

from sluice.domain.denials import AssetNotApproved
from sluice.domain.errors import AssetNotPlayable, PlaybackNotFound
from sluice.domain.ids import Prefix, is_id
from sluice.domain.models import Asset, AssetVersion
from sluice.domain.playback_tokens import new_session
from sluice.domain.playback_urls import play_url
from sluice.domain.states import AssetState
from sluice.service.playback_ports import PlaybackTokens
from sluice.service.ports import Ids, Records


class PlaybackSession(NamedTuple):
    id: str
    playback_id: str
    hls_url: str
    dash_url: str
    poster_url: str | None  # None: sound only
    storyboard_url: str | None  # WebVTT of thumbnails
    preview_url: str | None  # a few silent seconds, MP4
    expires_at: datetime  # until when the URLs can be opened


def create_playback_session(
    *,
    tenant_id: str,
    playback_id: str,
    ttl_s: int,
    now: datetime,
    records: Records,
    tokens: PlaybackTokens,
    new_id: Ids,
    media_base_url: str,
) -> PlaybackSession:
    """Nothing is stored: the token is the session. Raises PlaybackNotFound, AssetNotPlayable."""
    asset = _asset(tenant_id, playback_id, records)
    version = active_version(asset, records)
    claims = new_session(
        session_id=new_id(Prefix.SESSION), playback_id=playback_id, tenant_id=tenant_id, ttl_s=ttl_s, now=now
    )
    token = tokens.issue(claims)

    def url(file: str) -> str:
        return play_url(media_base_url, playback_id, file, token)

    return PlaybackSession(
        id=claims.session_id,
        playback_id=playback_id,
        hls_url=url("master.m3u8"),
        dash_url=url("manifest.mpd"),
        poster_url=url("poster.jpg") if asset.thumbnail_id or version.has_poster else None,
        storyboard_url=url("storyboard.vtt") if version.storyboard else None,
        preview_url=url("preview.mp4") if version.has_preview else None,
        expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
    )


def _asset(tenant_id: str, playback_id: str, records: Records) -> Asset:
    """A foreign or malformed id gets the answer of an unknown one."""
    lookup = records.playback(playback_id) if is_id(Prefix.PLAYBACK, playback_id) else None
    if lookup is None or lookup.tenant_id != tenant_id:
        raise PlaybackNotFound()
    asset = records.asset(tenant_id, lookup.asset_id)
    if asset is None or asset.state is AssetState.DELETED:
        raise PlaybackNotFound()
    return asset


def active_version(asset: Asset, records: Records) -> AssetVersion:
    """The version that players get now. Raises AssetNotPlayable."""
    check_review(asset)
    if not asset.playable or asset.active_version is None or asset.state is AssetState.ARCHIVED:
        raise AssetNotPlayable()
    version = records.asset_version(asset.tenant_id, asset.id, asset.active_version)
    if version is None:
        raise AssetNotPlayable()
    return version


def check_review(asset: Asset) -> None:
    """Raises AssetNotPlayable. Apart, because a playlist of an older version asks for nothing else."""
    if not asset.cleared:
        raise AssetNotApproved()
