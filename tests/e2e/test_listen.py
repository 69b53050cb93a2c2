"""`sluice listen` against the deployed feed: what happens to an asset reaches a developer's program, signed."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.client.official import npm_accepts, pypi_accepts
from tests.client.receiver import receiving
from tests.client.test_listening import listening
from tests.e2e.customer import SCOPES, Customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_an_asset_s_events_arrive_as_the_feed_has_them_and_verify(
    customer: Customer, stacks: Stacks, tmp_path: Path
) -> None:
    earlier = customer.api.call("POST", "/v1/uploads", {"size_bytes": 1000})  # not forwarded
    key = stacks.operator.create_key(customer.tenant_id, list(SCOPES))["key"]
    settings = {"SLUICE_API_URL": stacks.outputs["ApiUrl"], "SLUICE_API_KEY": key, "XDG_STATE_HOME": str(tmp_path)}
    settings |= {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    wait_for_feed(customer, earlier["asset_id"])
    with receiving() as receiver, listening(settings, receiver) as run:
        slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": 2000, "external_id": "order-7"})
        receiver.wait_for(2)
        customer.api.request("DELETE", f"/v1/uploads/{slot['upload_id']}")
        receiver.wait_for(3)
        cursor = run.interrupt()
    [secret] = re.findall(r"signing with (whsec_\S+)", run.notes)
    bodies = [body.decode() for _, body in receiver.got]
    assert {json.loads(body)["data"]["asset_id"] for body in bodies} == {slot["asset_id"]}
    assert {json.loads(body)["type"] for body in bodies} == {"asset.created", "upload.created", "upload.aborted"}
    for headers, body in receiver.got:
        assert pypi_accepts(secret, headers, body.decode())
        assert not pypi_accepts(secret, headers, body.decode() + " ")
    assert npm_accepts(secret, *last(receiver.got))
    feed = customer.api.request("GET", f"/v1/events?limit=100&asset_id={slot['asset_id']}").data
    assert all(body.encode() in feed for body in bodies), "the same bytes"
    rest = customer.api.call("GET", f"/v1/events?limit=100&after={cursor}")
    assert {event["id"] for event in rest["data"]} <= {json.loads(body)["id"] for body in bodies}, "where to go on"


def wait_for_feed(customer: Customer, asset_id: str) -> None:
    """Both events of the first asset are dispatched, so that they are not what happens from now on."""
    path = f"/v1/events?limit=100&asset_id={asset_id}"
    eventually(lambda: len(customer.api.call("GET", path)["data"]) == 2, "two events in the feed")


def last(got: list[tuple[dict[str, str], bytes]]) -> tuple[dict[str, str], str]:
    headers, body = got[-1]
    return headers, body.decode()
