"""The delivery routes over fakes, called as the gateway calls them."""

import json
from typing import Any

from functions.api_deliveries import handler
from sluice import bootstrap
from sluice.service.replays import Replayer
from sluice.service.webhook_ping import Pinger
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.gateway import LambdaContext, request
from tests.unit.webhook_world import WebhookWorld


class DeliveriesApi:
    def __init__(self, world: WebhookWorld) -> None:
        self.world = world
        log = FakeDeliveryLog(world.records)
        self.deps = bootstrap.ApiDeliveries(
            environment="dev",
            records=world.records,
            now=world.now,
            new_id=world.new_id,
            queue=world.queue,
            log=log,
            replayer=Replayer(records=world.records, log=log, queue=world.queue, now=world.now),
            cursor_key=lambda: b"cursor key of the test",
            pinger=Pinger(
                records=world.records,
                secrets=world.ports.secrets,
                sender=world.sender,
                signer=world.ports.signer,
                timeout_s=15,
                now=world.now,
            ),
        )

    def call(self, method: str, path: str, **more: Any) -> Any:
        options = {"scopes": ("webhooks:manage",), "tenant": self.world.tenant.id, **more}
        answer = handler.lambda_handler(request(method, path, **options), LambdaContext())
        answer["json"] = json.loads(answer["body"]) if answer.get("body") else None
        return answer
