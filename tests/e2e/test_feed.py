"""The feed and the timeline of a film's way through the deployed stacks."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.customer import Customer, types
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_what_webhooks_tell_is_in_the_feed_and_ends_a_wait(customer: Customer, clips: dict[str, Path]) -> None:
    begin = customer.api.call("GET", "/v1/events?after=latest")
    assert begin["data"] == [] and begin["has_more"] is False
    after = f"/v1/events?limit=100&after={begin['next_cursor']}"

    def ask() -> list[dict[str, Any]]:
        return list(customer.api.call("GET", f"{after}&wait_s=20")["data"])

    with ThreadPoolExecutor(1) as waiting:
        asked = waiting.submit(lambda: eventually(ask, "the first event"))  # a busy machine may let one wait pass
        slot = customer.upload(clips["short"])
        first = asked.result()
    assert first[0]["data"]["asset_id"] == slot["asset_id"]

    history = customer.history(slot)
    assert types(history)[-1] == "transcode.ready"

    def whole() -> bytes | None:
        answer = customer.api.request("GET", after)
        return answer.data if len(json.loads(answer.data)["data"]) == len(history) else None

    feed = eventually(whole, "every event in the feed")
    bodies = {request.event["id"]: request for request in history}
    assert {event["id"] for event in json.loads(feed)["data"]} == bodies.keys()
    for received in history:
        assert json.dumps(received.event, separators=(",", ":"), ensure_ascii=False).encode() in feed
    ready = customer.api.call("GET", f"/v1/events?types=transcode.ready&asset_id={slot['asset_id']}")
    assert types(history).count("transcode.ready") == len(ready["data"]) == 1

    path = f"/v1/assets/{slot['asset_id']}/timeline?limit=100"
    told = eventually(
        lambda: told if all_delivered(told := customer.api.call("GET", path)["data"]) else None, "deliveries that ended"
    )
    counts = {"event": len(history), "job": 1, "delivery": len(history), "audit": 3}  # created, begun, completed
    assert Counter(one["kind"] for one in told) == counts
    assert [one["job"]["state"] for one in told if one["job"]] == ["succeeded"]


def all_delivered(entries: list[dict[str, object]]) -> bool:
    sent = [one["delivery"] for one in entries if one["kind"] == "delivery"]
    return all(isinstance(one, dict) and one["status"] == "delivered" for one in sent)
