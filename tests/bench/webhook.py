"""One sender process: deliveries a second to receivers that take 100 ms, with 50 threads; and what a signature costs.

The whole use case over rows in memory, the real sender over real sockets, the receiver in a process of its own. 50
threads at 100 ms each could do 500 a second if nothing else took time.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache

from sluice.adapters.aws_targets import AwsTargets, connect_once
from sluice.adapters.clock import now
from sluice.adapters.routed_webhook_sender import RoutedWebhookSender
from sluice.adapters.ssrf_guard import WEBHOOK_PORTS, SsrfGuard
from sluice.adapters.webhook_sender import HttpWebhookSender
from sluice.adapters.webhook_signer import StandardWebhooksSigner
from sluice.domain.deliveries import DeliveryMessage
from sluice.domain.event_catalogue import EventType
from sluice.domain.event_schemas import example_of
from sluice.service.deliveries import Outcome, deliver
from tests.bench.figure import Figure
from tests.unit.webhook_world import WebhookWorld

THREADS, TENANTS, ENDPOINTS, EVENTS, ROUNDS = 50, 5, 10, 40, 3
LEAST_PER_S = 425
PAUSE_S = 0.1
SIGNATURES, LIMIT_SIGN_US = 5_000, 20.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the standard's example


@contextmanager
def receiver() -> Iterator[str]:
    """Its URL."""
    command = [sys.executable, "-m", "tests.fakes.slow_receiver", str(PAUSE_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        process.stdin.close()


def per_second(url: str) -> float:
    world = WebhookWorld()
    https = HttpWebhookSender(SsrfGuard(allow_loopback=True, ports=WEBHOOK_PORTS))
    world.with_ports(sender=RoutedWebhookSender(https, AwsTargets(connect_once()), {}), now=now)
    for tenant in (world, *(WebhookWorld(records=world.records, new_id=world.new_id) for _ in range(TENANTS - 1))):
        for number in range(ENDPOINTS):
            tenant.endpoint(url=f"{url}{number}")
        for _ in range(EVENTS):
            tenant.dispatch(tenant.event())
    # a partition of the table holds them; the rows in memory are all looked at, which would be what is measured
    world.records.webhooks = cache(world.records.webhooks)  # type: ignore[method-assign]
    messages = [DeliveryMessage.of(delivery) for delivery in world.deliveries()]
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.monotonic()
        outcomes = list(pool.map(lambda message: deliver(message, ports=world.ports), messages))
        took = time.monotonic() - began
    assert set(outcomes) == {Outcome.DELIVERED}, set(outcomes)
    return len(messages) / took


def sign_us() -> float:
    """CPU of the headers of one attempt."""
    signer, at = StandardWebhooksSigner(), datetime.now(UTC)
    body = str(example_of(EventType.TRANSCODE_READY))
    began = time.process_time()
    for number in range(SIGNATURES):
        signer.headers(secrets=[SECRET], message_id=f"evt_{number}", sent_at=at, body=body)
    return (time.process_time() - began) / SIGNATURES * 1e6


def figures() -> Iterator[Figure]:
    yield Figure("webhook_sign_us", min(sign_us() for _ in range(ROUNDS)), "cpu_us", LIMIT_SIGN_US)
    with receiver() as url:
        best = max(per_second(url) for _ in range(ROUNDS))
    yield Figure("webhook_deliveries_per_s", best, "per_s", LEAST_PER_S, at_least=True)
