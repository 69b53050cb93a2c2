"""The record store, with an eye on every transaction: edges of the state machines, and gaps in histories."""

from sluice.domain.events import Event
from sluice.domain.models import Asset, Job, Model
from sluice.domain.states import ASSET_EDGES, JOB_EDGES, UPLOAD_EDGES, AssetState, JobState, UploadState
from sluice.domain.upload import SETTLED, Upload
from sluice.service.ports import Clock, Create, Replace, Write
from tests.fakes.records import FakeRecords, row_of

FIRST = {Upload: UploadState.OPEN, Asset: AssetState.CREATED, Job: JobState.QUEUED}
EDGES = {Upload: UPLOAD_EDGES, Asset: ASSET_EDGES, Job: JOB_EDGES}


class TraceRecords(FakeRecords):
    def __init__(self, now: Clock) -> None:
        super().__init__()
        self._now = now
        self.step = 0
        self.broken: list[str] = []  # what no transaction may do; told by the machine, since a sweep catches errors
        self.uploads: dict[str, Upload] = {}
        self.jobs: dict[str, Job] = {}
        self.settled_at: dict[str, int] = {}  # steps of the trace
        self.early: set[str] = set()  # uploads that were closed before their deadline

    def commit(self, *writes: Write) -> None:
        rows = [write for write in writes if isinstance(write, Create | Replace)]
        before = {row_of(write): self.rows.get(row_of(write)) for write in rows}
        super().commit(*writes)
        events = [write.record for write in rows if isinstance(write, Create) and isinstance(write.record, Event)]
        for write in rows:
            self._watch(before[row_of(write)], write.record, events)

    def _watch(self, before: Model | None, after: Model, events: list[Event]) -> None:
        if isinstance(after, Upload | Asset | Job):
            self._watch_edge(before, after)
        if isinstance(after, Asset):
            last = before.sequence if isinstance(before, Asset) else 0
            told = [event.sequence for event in events if event.asset_id == after.id]
            if told != list(range(last + 1, after.sequence + 1)):
                self.broken.append(f"{after.id}: events {told} between {last} and {after.sequence}")
        if isinstance(after, Job):
            self.jobs[after.id] = after
        if isinstance(after, Upload):
            self._watch_end(self.uploads.get(after.id), after)
            self.uploads[after.id] = after

    def _watch_end(self, before: Upload | None, after: Upload) -> None:
        if after.state in SETTLED:
            self.settled_at[after.id] = self.step
        if before is None or after.state not in (UploadState.EXPIRED, UploadState.ABORTED):
            return
        if before.deadline > self._now():
            self.early.add(after.id)
        if after.state is UploadState.EXPIRED and before.expires_at > self._now():
            self.broken.append(f"{after.id}: expired before its time")

    def _watch_edge(self, before: Model | None, after: Upload | Asset | Job) -> None:
        edges = EDGES[type(after)]
        if not isinstance(before, Upload | Asset | Job):
            legal = after.state is FIRST[type(after)]
        else:
            legal = after.state is before.state or after.state in edges[before.state]  # type: ignore[index]
        if not legal:
            self.broken.append(f"{after.id}: {getattr(before, 'state', None)} -> {after.state}")
