"""Everything that outlives a call: the stores, the queues, the clock; and the same world with trouble at its ports."""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from sluice.domain.errors import InvalidTransition, ProviderFailure, SluiceError, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakePolicy, IntakeRules, Quotas
from sluice.domain.parts import MIB
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.service.intake import parse_key
from sluice.service.ports import Create
from sluice.service.reconcile import Reconciler, reconcile
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.faults import Died, Fallible
from tests.fakes.thumbnails import FakeThumbnailMaker
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.transcoding import FakeMediaObjects
from tests.faults.upload_traces.bucket import Refused, TraceBucket
from tests.faults.upload_traces.records import TraceRecords
from tests.faults.upload_traces.trouble import Plan, Trouble
from tests.unit.world import Who, World

POLICIES = {
    "quotas": IntakeRules(
        quotas=Quotas(
            max_open_uploads=3,
            max_open_bytes=60 * MIB,
            max_open_uploads_per_creator=2,
            max_open_bytes_per_creator=30 * MIB,
        )
    ),
    "short": IntakeRules(upload_ttl_s=600),
    "abort": IntakeRules(on_interrupt="abort"),
    "small": IntakeRules(max_bytes=16 * MIB),
}


class NoFetches:
    """No upload of these traces is fetched from a URL."""

    def start(self, upload: Upload) -> bool:
        raise AssertionError(upload.id)

    running = start


class SweepErrors(logging.Handler):
    """A sweep goes on after an error and logs it."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.met.append(record.exc_info[1])


def check_expected(error: SluiceError, struck: Trouble | None) -> None:
    """A conflict is for the call's own next try, and no state machine is ever asked for an edge that it has not."""
    assert not isinstance(error, InvalidTransition | WriteConflict), repr(error)
    assert not isinstance(error, ProviderFailure) or (struck and struck.kind == "fault"), repr(error)


class Cloud:
    def __init__(self, figures: Counter[str]) -> None:
        self.figures = figures
        now, new_id = FakeClock(), FakeIds()
        self.records, self.bucket = TraceRecords(now), TraceBucket(now)
        self.calm = World(records=self.records, objects=self.bucket, now=now, new_id=new_id)
        self.stranger = Who(new_id(Prefix.TENANT), "req-2", "cor-2")
        self.policies = {name: self._policy(name, rules).id for name, rules in POLICIES.items()}
        self.left_open: set[str] = set()  # multipart uploads whose closing was cut short: S3's lifecycle ends them
        self.lost_multiparts: set[str] = set()
        self.given_up: set[str] = set()  # uploads that somebody tried to abort

    def _policy(self, name: str, rules: IntakeRules) -> IntakePolicy:
        moment = self.calm.now()
        policy = IntakePolicy(
            id=self.calm.new_id(Prefix.INTAKE_POLICY),
            tenant_id=self.calm.caller.tenant_id,
            name=name,
            rules=rules,
            created_at=moment,
            updated_at=moment,
        )
        self.records.commit(Create(policy))
        return policy

    def step(self) -> None:
        self.records.step += 1
        self.bucket.step += 1

    def upload(self, upload_id: str) -> Upload:
        return self.records.uploads[upload_id]

    def attempt(
        self, call: Callable[[World], Any], trouble: Trouble | None, deeds: dict[str, Callable[[], Any]]
    ) -> Any:
        """The call's answer, or the typed error that it met. Any other error ends the trace."""
        plan = Plan(trouble, lambda deed: self._meanwhile(deeds.get(deed)))
        try:
            answer = call(self._with(plan))
        except Died as died:
            answer = died
        except SluiceError as error:
            check_expected(error, trouble if plan.struck else None)
            answer = error
        except Refused as refused:
            answer = refused
        if trouble is not None and plan.struck:
            self.figures[trouble.kind] += 1
            if trouble.kind in ("crash", "fault"):
                self._note_left_open()
        if isinstance(answer, Exception):
            self.figures["refused"] += 1
        return answer

    def _meanwhile(self, deed: Callable[[], Any] | None) -> None:
        try:
            if deed:  # else there is no upload yet to do it to
                deed()
        except SluiceError as error:
            check_expected(error, None)
        except Refused:
            self.figures["refused"] += 1

    def _note_left_open(self) -> None:
        rows = self.records.uploads.values()
        closed = {u.multipart_id for u in rows if u.state in (UploadState.ABORTED, UploadState.EXPIRED)}
        known = {upload.multipart_id for upload in rows}
        self.left_open |= {name for name in self.bucket.open if name in closed or name not in known}

    def _with(self, plan: Plan) -> World:
        def fallible(port: Any) -> Any:
            return Fallible(port, plan)

        world = World(
            records=fallible(self.records),
            objects=fallible(self.bucket),
            queue=fallible(self.calm.queue),
            executions=fallible(self.calm.executions),
            now=self.calm.now,
            new_id=self.calm.new_id,
        )
        world.caller = self.calm.caller
        return world

    def sweep(self, world: World, *, may_fail: bool = False) -> None:
        ports = Reconciler(
            environment="dev",
            records=world.records,
            objects=world.objects,
            executions=world.admission,
            fetches=NoFetches(),
            completions=world.queue,
            deliveries=FakeDeliveryQueue(world.now),
            thumbnails=FakeThumbnailMaker(),
            pictures=FakeMediaObjects(),
            log=FakeDeliveryLog(self.calm.records),
            new_id=world.new_id,
            now=world.now,
        )
        with self._watched_sweep(may_fail):
            reconcile(ports)

    @contextmanager
    def _watched_sweep(self, may_fail: bool) -> Any:
        errors, logger = SweepErrors(), logging.getLogger("sluice.service.reconcile")
        logger.addHandler(errors)
        try:
            yield
        finally:
            logger.removeHandler(errors)
        allowed = (ProviderFailure,) if may_fail else ()
        assert not [error for error in errors.met if not isinstance(error, allowed)], errors.met

    def deliver_completion(self, world: World, message: tuple[str, str]) -> None:
        world.run_completion(self.upload(message[1]))

    def deliver_event(self, world: World, key: str) -> None:
        parsed = parse_key(key)
        assert parsed is not None
        world.accept(self.upload(parsed[1]))

    def drain(self, world: World) -> None:
        """Every message that is under way arrives, once and in order, and so does what it leads to."""
        sent, told = self.calm.queue.sent, self.bucket.events
        while sent or told:
            while sent:
                self.deliver_completion(world, sent.pop(0))
            while told:
                self.deliver_event(world, told.pop(0))
