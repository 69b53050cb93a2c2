"""POST /v1/playback-sessions."""

import json
from typing import Any

import pytest

from functions.api_playback import handler
from sluice import bootstrap
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.published import MEDIA, NOW, OTHER_PLAYBACK, OTHER_TENANT, PLAYBACK, TENANT, Published
from tests.fakes.time import FakeClock, FakeIds


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Published:
    published, clock = Published(), FakeClock()
    clock.moment = NOW
    deps = bootstrap.ApiPlayback(
        environment="dev",
        records=published.records,
        now=clock,
        new_id=FakeIds(),
        tokens=published.tokens,
        media_base_url=MEDIA,
    )
    monkeypatch.setattr(handler, "deps", lambda: deps)
    return published


URLS = {"hls_url", "dash_url", "poster_url", "storyboard_url", "preview_url"}


def call(
    body: Any, *, scope: str = "playback:sign", tenant: str = TENANT, **headers: str
) -> tuple[int, dict[str, Any]]:
    event = request("POST", "/v1/playback-sessions", body=body, scopes=[scope], tenant=tenant, headers=headers)
    answer = handler.lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_session_has_urls_that_can_be_opened(world: Published) -> None:
    status, session = call({"playback_id": PLAYBACK})
    assert status == 201
    assert session.keys() == {"session_id", "playback_id", "expires_at"} | URLS
    assert session["playback_id"] == PLAYBACK
    assert session["expires_at"] == "2026-12-01T10:05:00.000Z", "300 s unless asked otherwise"
    for name in URLS:
        assert world.fetch(session[name], at=NOW)


@pytest.mark.parametrize("ttl_s", [60, 900])
def test_the_time_to_open_can_be_chosen(world: Published, ttl_s: int) -> None:
    status, session = call({"playback_id": PLAYBACK, "ttl_s": ttl_s})
    assert (status, session["expires_at"]) == (201, f"2026-12-01T10:{ttl_s // 60:02d}:00.000Z")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"playback_id": None},
        {"playback_id": PLAYBACK, "ttl_s": 59},
        {"playback_id": PLAYBACK, "ttl_s": 901},
        {"playback_id": PLAYBACK, "ttl_s": "300"},
        {"playback_id": PLAYBACK, "ttl_s": True},
        {"playback_id": PLAYBACK, "ttl_s": 300.5},
        {"playback_id": PLAYBACK, "ttl": 300},
    ],
)
def test_bad_fields_are_refused(world: Published, body: dict[str, Any]) -> None:
    status, problem = call(body)
    assert (status, problem["code"]) == (422, "invalid_request")
    assert problem["errors"]


def test_foreign_and_unknown_ids_get_the_same_answer(world: Published) -> None:
    foreign = call({"playback_id": PLAYBACK}, tenant=OTHER_TENANT)
    unknown = call({"playback_id": OTHER_PLAYBACK})
    malformed = call({"playback_id": "nonsense"})
    assert foreign == unknown == malformed
    assert (foreign[0], foreign[1]["code"]) == (404, "playback_not_found")


def test_an_asset_with_nothing_to_play_is_a_conflict(world: Published) -> None:
    world.change_asset(playable=False)
    status, problem = call({"playback_id": PLAYBACK})
    assert (status, problem["code"]) == (409, "asset_not_playable")


def test_the_scope_is_needed(world: Published) -> None:
    status, problem = call({"playback_id": PLAYBACK}, scope="assets:read")
    assert (status, problem["code"]) == (403, "missing_scope")
    assert "playback:sign" in problem["detail"]


def test_a_repeated_key_signs_again(world: Published) -> None:
    first, second = (call({"playback_id": PLAYBACK}, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first[0] == second[0] == 201
    assert first[1]["session_id"] != second[1]["session_id"]
