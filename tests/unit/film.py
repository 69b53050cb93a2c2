"""A long job whose source is cut, as the functions between its tasks find it."""

from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.ids import Prefix
from sluice.domain.leases import VcpuLimits
from sluice.domain.models import JobResult
from sluice.domain.states import JobState
from sluice.service.part_rounds import Before, Round, RoundLimits, next_round
from sluice.service.ports import Create
from tests.fakes.records import FakeRecords
from tests.unit.test_vcpu_admission import LARGE, Plant

GIB = 1 << 30
ROOMY = VcpuLimits(environment=400, tenant=400)


class Film:
    """A job whose source is cut, and whose execution holds the room of one task."""

    def __init__(self, plant: Plant, *, chunks: int, tenant_id: str = "ten_a", source_bytes: int = LARGE) -> None:
        self.plant = plant
        queued = plant.arrive(tenant_id, source_bytes)
        self.job = queued.model_copy(update={"state": JobState.RUNNING, "attempt": 1})
        key = next(key for key, row in plant.records.rows.items() if row == queued)
        plant.records.rows[key] = self.job
        named = {"tenant_id": tenant_id, "job_id": self.job.id, "created_at": plant.now()}
        self.plan = ChunkPlan(
            **named,
            id=plant.new_id(Prefix.CHUNK_PLAN),
            attempt=1,
            chunks=chunks,
            sound=True,
            work="{}",
            piece_bytes=GIB,
        )
        plant.records.commit(Create(self.plan))
        plant.records.save_result(JobResult(**named, attempt=1, outcome="chunked", plan_id=self.plan.id))
        self.started_at = plant.now()

    def next(self, before: Before | None = None, *, at_once: int = 40, in_turn: int = 4, attempt: int = 1) -> Round:
        return next_round(
            self.job.tenant_id,
            self.job.id,
            attempt,
            before=before,
            started_at=self.started_at,
            records=self.plant.records,
            limits=RoundLimits(self.plant.limits, at_once, in_turn),
            now=self.plant.now(),
        )

    def finish(self, *names: str, size_bytes: int = 0, renditions: tuple[str, ...] = ("v360",)) -> None:
        named = {"tenant_id": self.job.tenant_id, "job_id": self.job.id, "plan_id": self.plan.id}
        for name in names:
            part = ChunkPart(
                **named,
                name=name,
                run_id="run_x",
                frames=1,
                renditions=renditions,
                size_bytes=size_bytes,
                created_at=self.plant.now(),
            )
            FakeRecords.commit(self.plant.records, Create(part))

    @property
    def held(self) -> int:
        return next(lease.vcpus for lease in self.plant.records.leases() if lease.job_id == self.job.id)


def names(found: Round) -> list[str]:
    return [task.part for task in found.tasks]
