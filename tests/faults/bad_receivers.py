"""What a sender sees of receivers that are down, hang, lie about their names, redirect or never stop.

That the real sender sees this of real sockets is what tests/contract/test_webhook_sender*.py show.
"""

from collections.abc import Callable
from typing import Any

from sluice.domain.errors import UrlNotAllowed
from sluice.service.webhook_ports import Answer, SendFailed
from tests.fakes.webhook_sender import Post, ok, status


def fails(word: Any) -> Callable[[Post], Answer]:
    def fail(_: Post) -> Answer:
        raise SendFailed(word, 15_000)

    return fail


def private(_: Post) -> Answer:
    raise UrlNotAllowed()


RECEIVERS: tuple[Callable[[Post], Answer], ...] = (
    fails("connection"),  # down
    fails("timeout"),  # slow-loris: contract tests show that it ends as this
    fails("tls"),
    private,  # its name resolves to a private address now
    status(302),  # to a private address, for all we know: not followed
    status(503, retry_after_s=3_600),
    lambda post: ok(post)._replace(body="endless" * 100),
)
