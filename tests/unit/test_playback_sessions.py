"""Opening a playback session."""

from datetime import UTC, datetime

import pytest

from sluice.domain.errors import AssetNotPlayable, PlaybackNotFound
from sluice.domain.models import Review
from sluice.domain.playback_tokens import open_claims
from sluice.domain.states import AssetState
from sluice.service.playback_sessions import PlaybackSession, create_playback_session
from tests.fakes.published import MEDIA, NOW, OTHER_PLAYBACK, OTHER_TENANT, PLAYBACK, TENANT, Published, token_of
from tests.fakes.time import FakeIds


def open_session(
    world: Published, *, tenant_id: str = TENANT, playback_id: str = PLAYBACK, ttl_s: int = 300
) -> PlaybackSession:
    return create_playback_session(
        tenant_id=tenant_id,
        playback_id=playback_id,
        ttl_s=ttl_s,
        now=NOW,
        records=world.records,
        tokens=world.tokens,
        new_id=FakeIds(),
        media_base_url=MEDIA,
    )


def test_the_urls_carry_one_token_for_this_session() -> None:
    world = Published()
    session = open_session(world)
    token = token_of(session.hls_url)
    assert session.hls_url == f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8?token={token}"
    assert session.dash_url == f"{MEDIA}/v1/play/{PLAYBACK}/manifest.mpd?token={token}"
    assert session.poster_url == f"{MEDIA}/v1/play/{PLAYBACK}/poster.jpg?token={token}"
    claims = open_claims(world.tokens.read(token), playback_id=PLAYBACK, now=NOW)
    assert (claims.session_id, claims.tenant_id) == (session.id, TENANT)


@pytest.mark.parametrize("ttl_s", [60, 300, 900])
def test_it_can_be_opened_for_as_long_as_asked(ttl_s: int) -> None:
    world = Published()
    session = open_session(world, ttl_s=ttl_s)
    claims = open_claims(world.tokens.read(token_of(session.hls_url)), playback_id=PLAYBACK, now=NOW)
    assert claims.expires_at - claims.issued_at == ttl_s
    assert session.expires_at == datetime.fromtimestamp(claims.expires_at, UTC)


def test_sound_alone_has_no_poster() -> None:
    session = open_session(Published(poster=False))
    assert (session.poster_url, session.storyboard_url, session.preview_url) == (None, None, None)


@pytest.mark.parametrize(
    ("tenant_id", "playback_id"),
    [(OTHER_TENANT, PLAYBACK), (TENANT, OTHER_PLAYBACK), (TENANT, "plb_"), (TENANT, ""), (TENANT, "x#\n")],
)
def test_foreign_unknown_and_malformed_ids_get_the_same_answer(tenant_id: str, playback_id: str) -> None:
    with pytest.raises(PlaybackNotFound) as refused:
        open_session(Published(), tenant_id=tenant_id, playback_id=playback_id)
    assert refused.value.detail == PlaybackNotFound.message


@pytest.mark.parametrize(
    "changes",
    [
        {"playable": False},
        {"active_version": None},
        {"state": AssetState.ARCHIVED},
        {"active_version": "ver_01kb5y0000000000000000000z"},
        {"review": Review.PENDING},
        {"review": Review.REJECTED},
    ],
)
def test_an_asset_with_nothing_to_play_is_a_conflict(changes: dict[str, object]) -> None:
    world = Published()
    world.change_asset(**changes)
    with pytest.raises(AssetNotPlayable):
        open_session(world)


def test_an_approved_asset_can_be_watched() -> None:
    world = Published()
    world.change_asset(review=Review.APPROVED)
    assert open_session(world).hls_url


def test_a_deleted_asset_is_not_found() -> None:
    world = Published()
    world.change_asset(state=AssetState.DELETED)
    with pytest.raises(PlaybackNotFound):
        open_session(world)


def test_an_asset_that_is_transcoded_again_stays_playable() -> None:
    world = Published()
    world.change_asset(state=AssetState.PROCESSING)
    assert open_session(world).hls_url
