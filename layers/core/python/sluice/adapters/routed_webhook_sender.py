"""The sender of webhooks: https endpoints by one way, registered queues and buses by another."""

from collections.abc import Mapping
from typing import Protocol

from sluice.domain.webhook_targets import WebhookTarget, find_target
from sluice.service.webhook_ports import Answer


class HttpsSender(Protocol):
    def check_url(self, url: str) -> None: ...
    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer: ...


class TargetSender(Protocol):
    def send(self, arn: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer: ...


class RoutedWebhookSender:
    def __init__(self, https: HttpsSender, aws: TargetSender, targets: Mapping[str, WebhookTarget]) -> None:
        """`targets` by alias."""
        self._https = https
        self._aws = aws
        self._targets = targets

    def check_url(self, url: str, *, tenant_id: str) -> None:
        if find_target(url, tenant_id, self._targets) is None:
            self._https.check_url(url)

    def post(self, url: str, *, tenant_id: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        target = find_target(url, tenant_id, self._targets)
        if target is None:
            return self._https.post(url, headers=headers, body=body, timeout_s=timeout_s)
        return self._aws.send(target.arn, headers=headers, body=body, timeout_s=timeout_s)
