"""A customer's application: its own tenant, an API key, a webhook endpoint, and files to upload."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from infra.local.demo.api import Api
from infra.local.demo.receiver import Received, Receiver
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import DEADLINE_S, eventually

SCOPES = ["uploads:write", "assets:read", "playback:sign", "webhooks:manage"]
FINAL = ("ready", "failed", "deleted")
Slot = dict[str, Any]  # the answer to POST /v1/uploads


@dataclass
class Customer:
    tenant_id: str
    api: Api
    receiver: Receiver
    webhook_id: str
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=60))

    def reserve(self, source: Path) -> Slot:
        body = {"size_bytes": source.stat().st_size, "filename": source.name}
        return dict(self.api.call("POST", "/v1/uploads", body))

    def sign(self, slot: Slot, numbers: Sequence[int]) -> list[dict[str, Any]]:
        path = f"/v1/uploads/{slot['upload_id']}/parts"
        return list(self.api.call("POST", path, {"part_numbers": list(numbers)})["data"])

    def put_parts(self, slot: Slot, source: Path, numbers: Sequence[int] | None = None) -> None:
        for part in self.sign(slot, numbers or range(1, slot["part_count"] + 1)):
            with source.open("rb") as file:
                file.seek((part["part_number"] - 1) * slot["part_size"])
                body = file.read(part["content_length"])
            answer = self.http.request("PUT", part["url"], body=body)
            assert answer.status == 200, answer.data

    def complete(self, slot: Slot) -> urllib3.BaseHTTPResponse:
        return self.api.request("POST", f"/v1/uploads/{slot['upload_id']}/complete")

    def upload(self, source: Path) -> Slot:
        """All parts, and their completion. Returns before the transcode does anything."""
        slot = self.reserve(source)
        self.put_parts(slot, source)
        answer = self.complete(slot)
        assert answer.status in (200, 202), answer.data
        return slot

    def asset(self, slot: Slot) -> dict[str, Any]:
        return dict(self.api.call("GET", f"/v1/assets/{slot['asset_id']}"))

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.api.call("GET", f"/v1/jobs/{job_id}"))

    def job_id(self, slot: Slot) -> str:
        """As soon as there is a job."""
        found = eventually(lambda: self.asset(slot)["job_id"], f"a job of {slot['asset_id']}")
        return str(found)

    def history(self, slot: Slot) -> list[Received]:
        """This asset's webhooks once a final state is told and none before it is missing. Waits for them only."""
        received: list[Received] = []
        deadline = time.monotonic() + DEADLINE_S
        while not _is_whole(received):
            left = deadline - time.monotonic()
            assert left > 0, f"webhooks so far: {[(one.sequence, one.type) for one in received]}"
            received = self.receiver.wait(slot["asset_id"], len(received), left)
        return received


def _is_whole(received: list[Received]) -> bool:
    ended = bool(received) and received[-1].event["data"]["state"] in FINAL
    return ended and [one.sequence for one in received] == list(range(1, len(received) + 1))


def states(history: list[Received]) -> list[str]:
    """Distinct states in order."""
    return list(dict.fromkeys(one.event["data"]["state"] for one in history))


def types(history: list[Received]) -> list[str]:
    return [one.type for one in history]


@contextmanager
def new_customer(stacks: Stacks, name: str, *, events: Sequence[str] = ("*",)) -> Iterator[Customer]:
    """The endpoint is removed before its receiver ends, so that no delivery of this customer dies in another's test."""
    tenant_id = stacks.operator.create_tenant(name)
    api = Api(stacks.outputs["ApiUrl"], stacks.operator.create_key(tenant_id, SCOPES)["key"])
    with Receiver() as receiver:
        endpoint = api.call("POST", "/v1/webhooks", {"url": receiver.url, "event_types": list(events)})
        receiver.trust(endpoint["secret"])
        try:
            yield Customer(tenant_id, api, receiver, endpoint["webhook_id"])
        finally:
            api.call("DELETE", f"/v1/webhooks/{endpoint['webhook_id']}")
