"""Table stream, new event rows -> one delivery per endpoint.

Retryable: the stream repeats a batch from its first failed record.
"""

import logging
from functools import cache
from typing import Any

from sluice import bootstrap
from sluice.config import DispatchEventsSettings
from sluice.domain.events import Event
from sluice.observability import observed
from sluice.service.dispatch import dispatch_events

logger = logging.getLogger(__name__)

LEAST_MS = 20_000  # of the call, to begin with one more event: fifty endpoints take a second or two of a quiet table


class NothingDispatched(Exception):
    """Counted as the function's error, and its batch halved: one record may be what fails all."""


@cache
def deps() -> bootstrap.DispatchEvents:
    return bootstrap.dispatch_events(DispatchEventsSettings.from_env())


@observed("dispatch_events")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    d = deps()
    read = {record["dynamodb"]["SequenceNumber"]: _read(record) for record in event["Records"]}
    left = dispatch_events(
        [one for one in read.values() if one],
        records=d.records,
        queue=d.queue,
        new_id=d.new_id,
        now=d.now,
        # a call that is cut off is repeated from its first record; one that stops by itself, from where it stopped
        time_left=lambda: context.get_remaining_time_in_millis() >= LEAST_MS,
    )
    if left.late:
        logger.warning("records_left", extra={"records": len(left.late)})
    again = {one.id for one in (*left.failed, *left.late)}
    failed = [number for number, one in read.items() if one is None or one.id in again]
    if len(failed) == len(read) and not left.late:
        raise NothingDispatched(f"{len(failed)} records")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _read(record: dict[str, Any]) -> Event | None:
    try:
        return deps().read_event(record["dynamodb"]["NewImage"])
    except Exception:
        logger.exception("record_failed", extra={"record_id": record.get("eventID")})
        return None
