"""Assets under review: who may say what, how often, and what it does to watching."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from functions.api_assets import handler
from functions.api_playback import handler as playback_handler
from sluice import bootstrap
from sluice.domain.errors import WriteConflict
from sluice.domain.models import Asset, Review
from sluice.domain.states import AssetState
from sluice.service.ports import Write
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.published import ASSET, MEDIA, NOW, OTHER_TENANT, PLAYBACK, TENANT, Published
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.timeline import FakeTimeline

Answer = tuple[int, dict[str, Any]]


class Desk:
    """One published asset, and the routes that a reviewer's application calls."""

    def __init__(self, review: Review | None) -> None:
        self.world, self.now = Published(), FakeClock()
        self.now.moment = NOW
        self.world.change_asset(review=review)
        self.assets = bootstrap.ApiAssets(
            environment="dev",
            records=self.world.records,
            timeline=FakeTimeline(self.world.records),
            now=self.now,
            new_id=FakeIds(),
            cursor_key=lambda: b"k" * 32,
            jobs=lambda: pytest.fail("nobody asked for a job"),
        )
        self.sessions = bootstrap.ApiPlayback(
            environment="dev",
            records=self.world.records,
            now=self.now,
            new_id=FakeIds(),
            tokens=self.world.tokens,
            media_base_url=MEDIA,
        )

    def say(self, word: str, *, tenant: str = TENANT, asset_id: str = ASSET, scope: str = "assets:publish") -> Answer:
        event = request("POST", f"/v1/assets/{asset_id}/{word}", scopes=[scope], tenant=tenant)
        return self.answered(handler.lambda_handler(event, LambdaContext()))

    def look(self) -> dict[str, Any]:
        event = request("GET", f"/v1/assets/{ASSET}", scopes=["assets:read"], tenant=TENANT)
        return self.answered(handler.lambda_handler(event, LambdaContext()))[1]

    def watch(self) -> Answer:
        body = {"playback_id": PLAYBACK}
        event = request("POST", "/v1/playback-sessions", body=body, scopes=["playback:sign"], tenant=TENANT)
        return self.answered(playback_handler.lambda_handler(event, LambdaContext()))

    @staticmethod
    def answered(answer: Mapping[str, Any]) -> Answer:
        return answer["statusCode"], json.loads(answer["body"])

    def stored(self) -> Asset:
        asset = self.world.records.asset(TENANT, ASSET)
        assert asset is not None
        return asset

    def told(self) -> list[tuple[str, str, str | None]]:
        """Type, review and request of each event."""
        bodies = [json.loads(event.body) for event in self.world.records.events(TENANT, ASSET)]
        return [(body["type"], body["data"]["review"], body["request_id"]) for body in bodies]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(Review.PENDING)
    monkeypatch.setattr(handler, "deps", lambda: made.assets)
    monkeypatch.setattr(playback_handler, "deps", lambda: made.sessions)
    return made


def test_nobody_watches_before_it_is_approved(desk: Desk) -> None:
    assert (desk.look()["review"], desk.look()["playable"]) == ("pending", False)
    status, problem = desk.watch()
    assert (status, problem["code"]) == (409, "asset_not_playable")
    status, shown = desk.say("approve")
    assert (status, shown["review"], shown["playable"]) == (200, "approved", True)
    assert shown == desk.look()
    assert desk.watch()[0] == 201


def test_the_mind_can_be_changed(desk: Desk) -> None:
    for word, status in (("approve", 201), ("reject", 409), ("approve", 201)):
        assert desk.say(word)[0] == 200
        assert desk.watch()[0] == status
        assert desk.look()["playable"] == (status == 201)
    event = ("asset.updated", "approved", "gateway-request=")
    assert desk.told() == [event, ("asset.updated", "rejected", "gateway-request="), event]
    assert desk.stored().sequence == 3


def test_the_same_word_again_is_no_event(desk: Desk) -> None:
    first, again = desk.say("reject"), desk.say("reject")
    assert first == again
    assert len(desk.told()) == 1


def test_an_asset_that_nobody_wants_to_see_first(desk: Desk) -> None:
    desk.world.change_asset(review=None)
    for word in ("approve", "reject"):
        status, problem = desk.say(word)
        assert (status, problem["code"]) == (409, "review_not_asked")
    assert desk.look()["playable"] is True
    assert desk.told() == []


def test_foreign_unknown_and_deleted_assets(desk: Desk) -> None:
    unknown = "ast_01kb5y0000000000000000000z"
    answers = [desk.say("approve", tenant=OTHER_TENANT), desk.say("approve", asset_id=unknown)]
    answers += [desk.say("approve", asset_id="x")]
    desk.world.change_asset(state=AssetState.DELETED)
    answers += [desk.say("approve")]
    assert [(status, problem["code"]) for status, problem in answers] == [(404, "asset_not_found")] * 4
    assert desk.stored().review is Review.PENDING


def test_the_scope_is_publishing(desk: Desk) -> None:
    for word in ("approve", "reject"):
        for scope in ("assets:read", "assets:write", "uploads:write"):
            status, problem = desk.say(word, scope=scope)
            assert (status, problem["code"]) == (403, "missing_scope")


def test_a_word_said_while_the_transcode_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The asset's row is written by both; neither may undo the other."""
    commit, conflicts = desk.world.records.commit, [WriteConflict()]

    def overtaken(*writes: Write) -> None:
        if conflicts:
            monkeypatch.setattr(desk.world.records, "commit", commit)
            desk.world.change_asset(duration_s=12.0)
            raise conflicts.pop()
        commit(*writes)

    monkeypatch.setattr(desk.world.records, "commit", overtaken)
    assert desk.say("approve")[0] == 200
    assert (desk.stored().duration_s, desk.stored().review) == (12.0, Review.APPROVED)
