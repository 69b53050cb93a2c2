"""The feed: a tenant's events in one order that never changes, numbered from 1 without gaps.

An event gets its number when it is dispatched, in one transaction with the feed's head. So a number is in the feed only
when all before it are, and who has read up to a number has missed nothing: ids would not do, since an event that was
made earlier may be committed later.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sluice.domain.models import Model

RETENTION = timedelta(days=30)  # what can be read
LIFE = RETENTION + timedelta(days=2)  # what is stored: the clean-up takes rows in any order, and none that can be read
CLOCK_SKEW = timedelta(seconds=10)  # between two functions; more than a lease on a place may be wrong by


class FeedHead(Model):
    """The last number that was given. `version` is that number."""

    tenant_id: str
    hour: str
    version: int

    @property
    def number(self) -> int:
        return self.version


class FeedHour(Model):
    """An hour in which there are events."""

    tenant_id: str
    hour: str
    first: int  # number of its first event

    @property
    def kept_until(self) -> datetime:
        return begin_of(self.hour) + LIFE


class FeedEntry(Model):
    tenant_id: str
    number: int
    hour: str  # UTC, in which it was appended, e.g. 2026-12-01T10; never decreases along the feed
    event_id: str
    type: str
    asset_id: str | None = None  # None: an event of no asset
    body: str  # the bytes that webhooks carry

    @property
    def kept_until(self) -> datetime:
        return begin_of(self.hour) + LIFE


class FeedPlace(Model):
    """Where an event is in the feed: who knows an event by its id cannot tell the hour of its dispatch."""

    tenant_id: str
    event_id: str
    number: int
    hour: str

    @property
    def kept_until(self) -> datetime:
        return begin_of(self.hour) + LIFE


class FeedWaiter(Model):
    """A place taken by a request that waits for events; free again after `until`, however the request ended."""

    tenant_id: str
    place: int
    holder: str  # its request id
    until: datetime
    version: int = 1

    @property
    def kept_until(self) -> datetime:
        return self.until + CLOCK_SKEW


class Position(NamedTuple):
    """Right behind the event of this number, which is in this hour; 0: before the first."""

    number: int
    hour: str

    def __str__(self) -> str:
        return f"{self.number}@{self.hour}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        number, _, hour = text.partition("@")
        return cls(int(number), hour)


START = Position(0, "")


def hour_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H")


def begin_of(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
