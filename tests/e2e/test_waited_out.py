"""What takes a minute. It has been passing since the first test (see `minutes_running`)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.demo.playing import Player
from tests.e2e.conftest import LostUpload
from tests.e2e.customer import states, types
from tests.e2e.film import Film
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_a_session_cannot_be_opened_after_its_end_but_plays_on(film: Film, player: Player) -> None:
    session = film.session
    eventually(lambda: player.status(session["hls_url"]) == 403, "the end of the session", every_s=0.5)
    assert datetime.now(UTC) >= datetime.fromisoformat(session["expires_at"])
    assert player.status(session["dash_url"]) == 403
    assert player.status(session["poster_url"]) == 403
    assert player.status(film.playlist_url) == 200  # a player that switches renditions asks again
    assert player.status(film.media_urls[-1]) == 200


def test_why_it_cannot_be_opened_is_in_the_timeline(film: Film, player: Player) -> None:
    path = f"/v1/assets/{film.slot['asset_id']}/timeline?kinds=denial"

    def told() -> dict[str, Any] | None:
        """Again from the next minute on: on a busy machine a note may be given up."""
        if player.status(film.session["hls_url"]) != 403:
            return None
        denials = [one["denial"] for one in film.customer.api.call("GET", path)["data"]]
        return next((one for one in denials if one["reason"] == "token_expired"), None)

    denial = eventually(told, "a denial in the timeline", every_s=0.5)
    assert (denial["session_id"], denial["count"] >= 1) == (film.session["session_id"], True)


def test_a_lost_s3_event_is_found_by_reconcile(lost_upload: LostUpload, stacks: Stacks) -> None:
    customer, slot = lost_upload

    def swept() -> bool:
        stacks.invoke("reconcile")
        return customer.asset(slot)["job_id"] is not None

    eventually(swept, "reconcile to find the object", every_s=1)
    history = customer.history(slot)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "ready"]
    assert types(history).count("upload.complete") == 1
    told = {one.type: datetime.fromisoformat(one.event["timestamp"]) for one in history}
    assert (told["upload.complete"] - told["asset.updated"]).total_seconds() > 55  # nobody else had told
    assert len(stacks.executions(slot["asset_id"])) == 1
