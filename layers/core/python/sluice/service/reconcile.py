"""The sweeper: once a minute it finishes what a lost, late or doubled notification left behind.

Every step repeats a use case that is safe to repeat. One bad row must not stop the others: its error is logged and
the row is met again later. Nor must a kind that cannot be listed: the sweep fails after the others had their turn.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sluice.domain.events import Event
from sluice.domain.models import Delivery, Job, WebhookEndpoint
from sluice.domain.replays import Replay
from sluice.domain.states import JobState, UploadState
from sluice.domain.thumbnails import Thumbnail
from sluice.domain.upload import Upload
from sluice.service.dispatch import dispatch_event
from sluice.service.expiry import expire_upload
from sluice.service.failures import fail_transcode, provider_error
from sluice.service.fetch_ports import Fetches
from sluice.service.intake import accept_object
from sluice.service.lost_fetches import fail_fetch
from sluice.service.picture_removal import remove_picture
from sluice.service.ports import Clock, CompletionQueue, Ids, Records, UploadObjects
from sluice.service.redelivery import resend_delivery
from sluice.service.replays import Replayer, advance_replay
from sluice.service.thumbnail_ending import EndingPorts
from sluice.service.thumbnail_ports import PictureObjects, ThumbnailMaker
from sluice.service.thumbnail_watch import check_thumbnail
from sluice.service.vcpu_admission import Admission
from sluice.service.webhook_ports import DeliveryLog, DeliveryQueue
from sluice.service.webhook_secrets import forget_secrets

logger = logging.getLogger(__name__)
T = TypeVar("T")

LIMIT = 200  # rows of one kind in one look, oldest first
STEP_BUDGET = timedelta(seconds=5)  # of one kind in one look: ten kinds within the function's minute
SWEEP_BUDGET = timedelta(seconds=40)  # no look begins after this one; the rest is met in the next sweep
# A failing endpoint's retries or a relay's outage leave more than one look takes, and everybody's wait behind them.
BACKLOGS = ("due_deliveries", "undispatched_events", "due_replays")
GRACE = timedelta(seconds=60)  # what the ordinary path gets before the sweeper steps in
NONE = timedelta(0)
LOOK_AGAIN = timedelta(minutes=6)  # longer than one completion may take: no second one beside it


@dataclass(frozen=True)
class Reconciler:
    environment: str
    records: Records
    objects: UploadObjects
    executions: Admission
    fetches: Fetches
    completions: CompletionQueue
    deliveries: DeliveryQueue
    thumbnails: ThumbnailMaker
    pictures: PictureObjects
    log: DeliveryLog
    new_id: Ids
    now: Clock


class Find(Protocol[T]):
    def __call__(self, *, before: datetime, limit: int) -> list[T]: ...


def reconcile(ports: Reconciler) -> dict[str, int]:
    """Run every step once if there is time, and those with a backlog again as long as they find work.

    Returns how many rows each step acted on. Raises the first of what kept rows from being listed.
    """
    failures: list[Exception] = []
    began = ports.now()
    until = began + SWEEP_BUDGET
    steps = _steps(ports, failures)
    done = dict.fromkeys(steps, 0)
    for name in _in_turn(list(steps), began):
        if ports.now() < until:
            done[name] = steps[name]()
    late = [name for name in BACKLOGS if done[name]]
    while late and ports.now() < until:
        more = {name: steps[name]() for name in late}
        done |= {name: done[name] + acted for name, acted in more.items()}
        late = [name for name in late if more[name]]
    if failures:
        raise failures[0]
    return done


def _in_turn(names: list[str], moment: datetime) -> list[str]:
    """Every minute another one first: should the time not do for all, none is always the one left over."""
    first = moment.minute % len(names)
    return names[first:] + names[:first]


def _steps(ports: Reconciler, failures: list[Exception]) -> dict[str, Callable[[], int]]:
    records = ports.records

    def each(step: Callable[[T, Reconciler], None], find: Find[T], grace: timedelta = NONE) -> Callable[[], int]:
        return lambda: _each(step, _listed(find, ports.now() - grace, failures), ports)

    return {
        "due_deliveries": each(_send, records.due_deliveries),
        "expired_uploads": each(_expire, records.expired_uploads),
        "unsettled_uploads": each(_settle, records.unsettled_uploads, GRACE),
        "unfinished_jobs": each(_check_job, records.unfinished_jobs, GRACE),
        "waiting_jobs": lambda: _admit(ports),
        "undispatched_events": each(_dispatch, records.undispatched_events, GRACE),
        "retired_secrets": each(_forget, records.retired_secrets),
        "due_replays": each(_replay, ports.log.due_replays),
        "pending_thumbnails": each(_check_thumbnail, records.pending_thumbnails, GRACE),
        "discarded_pictures": each(remove_picture, records.discarded_pictures),
    }


def _listed(find: Find[T], before: datetime, failures: list[Exception]) -> list[T]:
    try:
        return find(before=before, limit=LIMIT)
    except Exception as error:  # the other kinds have their turn first
        logger.exception("reconcile_failed", extra={"step": getattr(find, "__name__", None)})
        failures.append(error)
        return []


def _admit(ports: Reconciler) -> int:
    try:
        return ports.executions.admit_waiting()
    except Exception:  # the other steps go on; the next minute is the retry
        logger.exception("reconcile_failed", extra={"step": "admit_waiting"})
        return 0


def _each(step: Callable[[T, Reconciler], None], rows: Iterable[T], ports: Reconciler) -> int:
    """Rows that stay due are moved behind the others first, so that no row can keep the others waiting."""
    done, until = 0, ports.now() + STEP_BUDGET
    for row in rows:
        if ports.now() > until:
            break
        try:
            if isinstance(row, Upload | Job | Event | Thumbnail):
                ports.records.postpone(row, _next_look(row, ports.now()))
            step(row, ports)
            done += 1
        except Exception:  # one bad row must not stop the sweep; it is met again later
            logger.exception("reconcile_failed", extra={"step": step.__name__, "row_id": getattr(row, "id", None)})
    return done


def _next_look(row: Upload | Job | Event | Thumbnail, moment: datetime) -> datetime:
    """A fetch is met again right after its deadline at the latest: no other list holds it, and this one has GRACE."""
    later = moment + LOOK_AGAIN
    if isinstance(row, Upload) and row.state is UploadState.OPEN and row.deadline > moment:
        return min(later, row.deadline - GRACE)
    return later


def _expire(upload: Upload, ports: Reconciler) -> None:
    """One whose file is there is taken instead: only the file's event was lost."""
    expired = expire_upload(
        upload,
        environment=ports.environment,
        records=ports.records,
        objects=ports.objects,
        new_id=ports.new_id,
        now=ports.now,
    )
    if not expired:
        _accept(upload, ports)


def _settle(upload: Upload, ports: Reconciler) -> None:
    if upload.state is UploadState.OPEN:
        _check_fetch(upload, ports)
    elif ports.objects.head(upload.key) is None:  # completion was lost, and not only the object's event
        ports.completions.send(tenant_id=upload.tenant_id, upload_id=upload.id)
    else:
        _accept(upload, ports)


def _accept(upload: Upload, ports: Reconciler) -> None:
    accept_object(
        tenant_id=upload.tenant_id,
        upload_id=upload.id,
        environment=ports.environment,
        records=ports.records,
        objects=ports.objects,
        executions=ports.executions,
        new_id=ports.new_id,
        now=ports.now,
    )


def _check_fetch(upload: Upload, ports: Reconciler) -> None:
    """End what is late, start what was never started, fail what ended without settling its upload."""
    if upload.deadline <= ports.now():
        _expire(upload, ports)
    elif not ports.fetches.start(upload):
        fail_fetch(
            tenant_id=upload.tenant_id,
            upload_id=upload.id,
            environment=ports.environment,
            records=ports.records,
            objects=ports.objects,
            new_id=ports.new_id,
            now=ports.now,
        )


def _check_job(job: Job, ports: Reconciler) -> None:
    """Start what was never started; end what runs no more."""
    # what has just been started may not be visible yet, so its status is not asked for
    if job.state is JobState.QUEUED and ports.executions.start(job):
        return
    if ports.executions.running(job):
        return
    fail_transcode(
        tenant_id=job.tenant_id,
        job_id=job.id,
        error=provider_error("provider.execution_lost", "Processing stopped without a result."),
        environment=ports.environment,
        records=ports.records,
        new_id=ports.new_id,
        now=ports.now,
    )


def _dispatch(event: Event, ports: Reconciler) -> None:
    dispatch_event(event=event, records=ports.records, queue=ports.deliveries, new_id=ports.new_id, now=ports.now)


def _send(delivery: Delivery, ports: Reconciler) -> None:
    resend_delivery(delivery, records=ports.records, queue=ports.deliveries, now=ports.now)


def _forget(endpoint: WebhookEndpoint, ports: Reconciler) -> None:
    forget_secrets(endpoint, records=ports.records, now=ports.now)


def _replay(replay: Replay, ports: Reconciler) -> None:
    replayer = Replayer(records=ports.records, log=ports.log, queue=ports.deliveries, now=ports.now)
    advance_replay(replay, ports=replayer)


def _check_thumbnail(thumbnail: Thumbnail, ports: Reconciler) -> None:
    at_work = EndingPorts(environment=ports.environment, records=ports.records, ids=ports.new_id, now=ports.now)
    check_thumbnail(thumbnail, objects=ports.objects, maker=ports.thumbnails, ports=at_work)
