"""Playback sessions over HTTP: URLs for one viewer."""

import logging
from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api_playback.models import CreatePlaybackSession, PlaybackSessionView
from sluice import bootstrap
from sluice.config import ApiPlaybackSettings
from sluice.http import IdempotencyKey, api, caller, created, needs
from sluice.observability import observed
from sluice.service.playback_sessions import create_playback_session

logger = logging.getLogger(__name__)

app = api()


@cache
def deps() -> bootstrap.ApiPlayback:
    return bootstrap.api_playback(ApiPlaybackSettings.from_env())


@app.post(
    "/v1/playback-sessions",
    status_code=201,
    security=needs("playback:sign"),
    summary="Create a playback session",
    tags=["playback"],
)
def create_session(
    body: Annotated[CreatePlaybackSession, Body()], idempotency_key: IdempotencyKey = None
) -> Response[PlaybackSessionView]:
    """A repetition signs again: nothing is stored, so there is nothing to replay."""
    ports = deps()
    session = create_playback_session(
        tenant_id=caller(app).tenant_id,
        playback_id=body.playback_id,
        ttl_s=body.ttl_s,
        now=ports.now(),
        records=ports.records,
        tokens=ports.tokens,
        new_id=ports.new_id,
        media_base_url=ports.media_base_url,
    )
    logger.info("playback_session_created", extra={"session_id": session.id, "playback_id": session.playback_id})
    return created(PlaybackSessionView.of(session))


@observed("api_playback")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
