"""A clock that moves when told to, and ids that sort by creation."""

from datetime import UTC, datetime, timedelta
from itertools import count

from ulid import ULID

from sluice.domain.ids import Prefix, first_id


class FakeClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 12, 1, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def tick(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


class TimedIds:
    """As in production, the time of an id is when it was made."""

    def __init__(self, now: FakeClock) -> None:
        self._now = now
        self._numbers = count(1)

    def __call__(self, prefix: Prefix) -> str:
        return first_id(prefix, self._now())[:-6] + f"{next(self._numbers):06d}"


class FakeIds:
    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, prefix: Prefix) -> str:
        return f"{prefix}_{str(ULID.from_int(next(self._numbers))).lower()}"
