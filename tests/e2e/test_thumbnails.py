"""Posters of a customer's choice: a frame, a picture that is sent, one that is none, and back to the automatic one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.api import Api
from infra.local.demo.playing import Player
from sluice.service.ports import Replace
from tests.e2e.customer import Customer, Slot
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import DEADLINE_S
from tests.media.clips import ffmpeg
from tests.media.jpegs import pixel

pytestmark = pytest.mark.e2e

RED, BLUE, LIME = (255, 0, 0), (0, 0, 255), (0, 255, 0)


@pytest.fixture
def two_colours(tmp_path: Path) -> Path:
    """Red for two seconds, then blue."""
    path = tmp_path / "colours.mp4"
    colours = [f"color={name}:size=320x240:rate=25:duration=2" for name in ("red", "blue")]
    inputs = [word for colour in colours for word in ("-f", "lavfi", "-i", colour)]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast"]
    ffmpeg(*inputs, "-filter_complex", "concat=n=2,format=yuv420p", *encoder, str(path))
    return path


class Shown:
    """The asset's poster, and what is told of it."""

    def __init__(self, customer: Customer, stacks: Stacks, slot: Slot, player: Player) -> None:
        self.customer, self.slot, self.player = customer, slot, player
        self.told = len(customer.history(slot))
        key = stacks.operator.create_key(customer.tenant_id, ["assets:write", "assets:read"])["key"]
        self.api = Api(stacks.outputs["ApiUrl"], key)
        self.path = f"/v1/assets/{slot['asset_id']}/thumbnails"

    def ask(self, **body: Any) -> dict[str, Any]:
        return dict(self.api.call("POST", self.path, body))

    def send(self, content: bytes) -> dict[str, Any]:
        asked = self.ask(size_bytes=len(content), content_type="image/jpeg")
        place = asked["upload"]
        refused = self.customer.http.request("PUT", place["url"], body=content + b"x", headers=place["headers"])
        assert refused.status == 403  # the length is signed
        answer = self.customer.http.request("PUT", place["url"], body=content, headers=place["headers"])
        assert answer.status == 200, answer.data
        return asked

    def next_event(self) -> dict[str, Any]:
        received = self.customer.receiver.wait(self.slot["asset_id"], self.told, DEADLINE_S)
        event = received[self.told].event
        self.told += 1
        return dict(event)

    def colour(self) -> tuple[int, ...]:
        session = self.customer.api.call(
            "POST", "/v1/playback-sessions", {"playback_id": self.slot["playback_id"], "ttl_s": 60}
        )
        return pixel(self.player.fetch(session["poster_url"]))


def test_players_get_the_poster_that_was_chosen(
    customer: Customer, stacks: Stacks, player: Player, two_colours: Path, tmp_path: Path
) -> None:
    shown = Shown(customer, stacks, customer.upload(two_colours), player)
    automatic = shown.colour()
    for time_s, colour in ((3.0, BLUE), (0.5, RED)):
        asked = shown.ask(time_s=time_s)
        event = shown.next_event()
        assert (event["type"], event["data"]["thumbnail_id"]) == ("thumbnail.ready", asked["thumbnail_id"])
        assert shown.colour() == pytest.approx(colour, abs=12)

    ffmpeg("-f", "lavfi", "-i", "color=lime:size=640x480", "-frames:v", "1", str(tmp_path / "lime.jpg"))
    sent = shown.send((tmp_path / "lime.jpg").read_bytes())
    assert shown.next_event()["data"]["thumbnail_id"] == sent["thumbnail_id"]
    assert shown.colour() == pytest.approx(LIME, abs=12)

    shown.send(b"#EXTM3U\nhttp://127.0.0.1/")
    event = shown.next_event()
    assert (event["type"], event["data"]["error"]["code"]) == ("thumbnail.failed", "input.not_picture")
    assert shown.colour() == pytest.approx(LIME, abs=12)
    states = [one["state"] for one in shown.api.call("GET", shown.path)["data"]]
    assert states == ["failed", "ready", "ready", "ready"]

    assert customer.asset(shown.slot)["thumbnail_id"] == sent["thumbnail_id"]
    shown.api.call("DELETE", f"{shown.path}/{sent['thumbnail_id']}")
    assert shown.next_event()["type"] == "asset.updated"
    assert shown.colour() == automatic
    assert_pictures_are_removed(stacks, customer, shown.slot)


def assert_pictures_are_removed(stacks: Stacks, customer: Customer, slot: Slot) -> None:
    """Two were replaced, one was taken back; the fourth never came to be. As if a day had passed."""
    prefix = f"media/{customer.tenant_id}/{slot['asset_id']}/"
    before = stacks.stored("MediaBucket", prefix)
    assert sum("/thm_" in key for key in before) == 3
    now = datetime.now(UTC)
    rows = stacks.records.discarded_pictures(before=now + timedelta(days=2), limit=100)
    ours = [row for row in rows if row.asset_id == slot["asset_id"]]
    assert len(ours) == 4
    for row in ours:
        stacks.records.commit(Replace(row.model_copy(update={"remove_at": now, "version": row.version + 1})))
    stacks.invoke("reconcile")
    assert stacks.stored("MediaBucket", prefix) == [key for key in before if "/thm_" not in key]
