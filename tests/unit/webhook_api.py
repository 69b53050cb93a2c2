"""The webhook routes over fakes, called as the gateway calls them."""

import json
from typing import Any

from functions.api_webhooks import handler
from sluice import bootstrap
from sluice.domain.models import Tenant
from sluice.service.ports import Create
from tests.fakes.gateway import TENANT, LambdaContext, request
from tests.fakes.records import FakeRecords
from tests.fakes.secret_box import FakeSecretBox
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.webhook_sender import FakeWebhookSender

BODY = {"url": "https://example.com/hook", "description": "Ours", "event_types": ["transcode.*"]}


class Api:
    def __init__(self) -> None:
        self.random = bytes(range(32))
        self.now, self.sender, self.records = FakeClock(), FakeWebhookSender(), FakeRecords()
        self.records.commit(Create(Tenant(id=TENANT, name="Ada", created_at=self.now())))
        self.deps = bootstrap.ApiWebhooks(
            environment="dev",
            records=self.records,
            now=self.now,
            new_id=FakeIds(),
            sender=self.sender,
            secrets=FakeSecretBox(),
            random_bytes=lambda size: self.random[:size],
            cursor_key=lambda: b"cursor key of the test",
        )

    def call(self, method: str, path: str, scopes: tuple[str, ...] = ("webhooks:manage",), **more: Any) -> Any:
        answer = handler.lambda_handler(request(method, path, scopes=scopes, **more), LambdaContext())
        answer["json"] = json.loads(answer["body"]) if answer.get("body") else None
        return answer

    def create(self, key: str | None = None, **changes: Any) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return self.call("POST", "/v1/webhooks", body={**BODY, **changes}, headers=headers)

    def rotate(self, webhook_id: str, key: str | None = None, **more: Any) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return self.call("POST", f"/v1/webhooks/{webhook_id}/rotate-secret", headers=headers, **more)
