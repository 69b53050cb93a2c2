"""Idempotency keys: a POST that is repeated with its key answers with the resource that the first one made.

The record reserves the resource's id before the resource exists. Whoever finds a reservation older than a minute takes
it over *with that id*, so a crash between the two writes can delay a resource but never make a second one. Records hold
no body and no secret; a replay renders the resource as it is now.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

from sluice.domain.errors import (
    ErrorClass,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    NotFound,
    SluiceError,
    WriteConflict,
)
from sluice.domain.idempotency import IdempotencyRecord
from sluice.service.ports import Clock, Create, Records, Remove, Replace
from sluice.service.retries import retry_on_conflict

KEPT = timedelta(hours=24)
STALE = timedelta(seconds=60)  # twice what the gateway gives a request

T = TypeVar("T")


class Request(Protocol):
    """The request that must happen once; `sluice.http.keyed` makes it."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def key(self) -> str | None: ...
    @property
    def body_hash(self) -> str: ...


class Reservation(NamedTuple):
    record: IdempotencyRecord
    taken_over: bool  # an earlier holder may have made the resource and died before saying so


def once(
    request: Request,
    *,
    fresh_id: str,
    make: Callable[[str], T],
    find: Callable[[str], T | None],
    records: Records,
    now: Clock,
    id_of: Callable[[T], str] | None = None,
) -> tuple[T, bool]:
    """Make the resource under its reserved id, or find the one made earlier; the flag says that it is a replay.

    `find` answers None or raises NotFound when there is no such resource. `id_of` is for a `make` that may answer with
    another resource than the reserved one. Raises IdempotencyKeyReused, IdempotencyInFlight, NotFound (made, and
    deleted since) and whatever `make` raises.
    """
    if request.key is None:
        return make(fresh_id), False
    record, taken_over = _reserve(request, request.key, fresh_id=fresh_id, records=records, now=now)
    if record.state == "done":
        return _made_earlier(find, record.resource_id), True
    if taken_over:
        with suppress(NotFound):
            existing = _made_earlier(find, record.resource_id)
            _finish(record, records)
            return existing, True
    made = _make(make, record, records)
    _finish(record if id_of is None else record.model_copy(update={"resource_id": id_of(made)}), records)
    return made, False


@retry_on_conflict
def _reserve(request: Request, key: str, *, fresh_id: str, records: Records, now: Clock) -> Reservation:
    moment = now()
    found = records.idempotency(request.tenant_id, request.route, key)
    if found is None or moment - found.created_at >= KEPT:  # TTL deletes late: expiry is decided here
        record = IdempotencyRecord(
            tenant_id=request.tenant_id,
            route=request.route,
            key=key,
            body_hash=request.body_hash,
            resource_id=fresh_id,
            state="in_flight",
            created_at=moment,
            version=1 if found is None else found.version + 1,
        )
        records.commit(Create(record) if found is None else Replace(record))
        return Reservation(record, taken_over=False)
    if found.body_hash != request.body_hash:
        raise IdempotencyKeyReused()
    if found.state == "done":
        return Reservation(found, taken_over=False)
    if moment - found.created_at < STALE:
        raise IdempotencyInFlight()
    record = _changed(found, created_at=moment)
    records.commit(Replace(record))
    return Reservation(record, taken_over=True)


def _made_earlier(find: Callable[[str], T | None], resource_id: str) -> T:
    existing = find(resource_id)
    if existing is None:
        raise NotFound("What this Idempotency-Key made does not exist any more.")
    return existing


def _make(make: Callable[[str], T], record: IdempotencyRecord, records: Records) -> T:
    try:
        return make(record.resource_id)
    except SluiceError as error:
        if error.error_class is ErrorClass.PROVIDER:
            _hand_back(record, records)
        else:  # refused, so nothing was made: the caller may correct the body and use the key again
            with suppress(WriteConflict):
                records.commit(Remove(record))
        raise
    except Exception:
        _hand_back(record, records)
        raise


def _hand_back(record: IdempotencyRecord, records: Records) -> None:
    """It may or may not exist now: the next repetition takes over at once, with the same id."""
    with suppress(WriteConflict):
        records.commit(Replace(_changed(record, created_at=record.created_at - STALE)))


def _finish(record: IdempotencyRecord, records: Records) -> None:
    with suppress(WriteConflict):  # taken over meanwhile: the new holder finds the resource
        records.commit(Replace(_changed(record, state="done")))


def _changed(record: IdempotencyRecord, **changes: Any) -> IdempotencyRecord:
    return record.model_copy(update={**changes, "version": record.version + 1})
