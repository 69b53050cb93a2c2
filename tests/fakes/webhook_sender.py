"""Endpoints of the outside world, played by a function of the test."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sluice.domain.errors import UrlNotAllowed
from sluice.domain.webhook_targets import WebhookTarget, find_target
from sluice.service.webhook_ports import Answer


class Post(NamedTuple):
    url: str
    headers: dict[str, str]
    body: bytes


def ok(_: Post) -> Answer:
    return Answer(status=200, body="", retry_after_s=None, latency_ms=5)


def status(code: int, *, retry_after_s: int | None = None) -> Callable[[Post], Answer]:
    return lambda _: Answer(status=code, body="no", retry_after_s=retry_after_s, latency_ms=5)


class FakeWebhookSender:
    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answer: Callable[[Post], Answer] = ok  # may raise SendFailed
        self.refused: set[str] = set()
        self.targets: dict[str, WebhookTarget] = {}  # by alias

    def check_url(self, url: str, *, tenant_id: str) -> None:
        find_target(url, tenant_id, self.targets)
        if url in self.refused:
            raise UrlNotAllowed()

    def post(self, url: str, *, tenant_id: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        self.check_url(url, tenant_id=tenant_id)
        self.posts.append(Post(url, dict(headers), body))
        return self.answer(self.posts[-1])
