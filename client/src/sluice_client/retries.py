"""When to try again: exponential backoff with full jitter, and the server's Retry-After where it gives one."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

from sluice_client.errors import SluiceError

MOST_DOUBLINGS = 60  # longer than anybody waits; floats end soon after a thousand

T = TypeVar("T")


@dataclass(frozen=True)
class Retries:
    """A minute of patience on average: enough for another network, a restarted router or a deployment."""

    attempts: int = 10
    first_s: float = 0.5
    longest_s: float = 30.0
    longest_asked_s: float = 120.0  # a server that asks for more is not waited for
    pause: Callable[[float], None] = time.sleep
    draw: Callable[[float, float], float] = random.uniform
    told: Callable[[SluiceError, float], None] = lambda error, delay_s: None  # of each failure and the pause after it

    def repeat(self, work: Callable[[], T]) -> T:
        """The result of `work`, called again while it fails for reasons that may pass."""
        failed = 0
        while True:
            try:
                return work()
            except SluiceError as error:
                failed += 1
                delay_s = self.delay_s(failed, error)
                if delay_s is None:
                    error.transient = False  # repeated enough: an outer `repeat` does not start over
                    raise
                self.told(error, delay_s)
            self.pause(delay_s)

    def delay_s(self, failed: int, error: SluiceError) -> float | None:
        """How long to wait after so many failures; None for giving up."""
        asked_s = error.retry_after_s or 0.0
        if not error.transient or failed >= self.attempts or asked_s > self.longest_asked_s:
            return None
        # Full jitter: clients that failed together do not come back together, not even when all were told the same.
        return asked_s + self.draw(0.0, min(self.longest_s, self.first_s * 2.0 ** min(failed - 1, MOST_DOUBLINGS)))


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """Retry-After in seconds, whether it gives seconds or a date; None for nothing usable."""
    if not header:
        return None
    try:
        if header.strip().isdigit():
            return float(header)
        when = parsedate_to_datetime(header)
        return max(0.0, (when - (now or datetime.now(timezone.utc))).total_seconds())
    except (TypeError, ValueError):  # not a date, or one without a zone
        return None
