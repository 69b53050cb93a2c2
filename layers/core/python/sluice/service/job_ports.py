"""What the record store keeps of transcode jobs, a part of `service.ports.Records`; and what runs them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.models import Job, JobProgress, JobResult
from sluice.domain.quality import QualityChoice


class JobRecords(Protocol):
    def job(self, tenant_id: str, job_id: str) -> Job | None: ...
    def job_progress(self, tenant_id: str, job_id: str) -> JobProgress | None: ...
    def job_quality(self, tenant_id: str, job_id: str) -> QualityChoice | None: ...
    def job_result(self, tenant_id: str, job_id: str, attempt: int, unit: str = "") -> JobResult | None: ...
    def chunk_plan(self, tenant_id: str, job_id: str, plan_id: str) -> ChunkPlan | None: ...

    def chunk_parts(self, tenant_id: str, job_id: str, plan_id: str) -> list[ChunkPart]:
        """Finished parts, by name."""
        ...

    def save_quality(self, choice: QualityChoice) -> None: ...

    def list_jobs(
        self, tenant_id: str, *, asset_id: str | None, limit: int, before: str | None
    ) -> tuple[list[Job], str | None]:
        """Newest first, of a tenant (eventually consistent) or of one of its assets.

        At most 100; `before` and the second half of the answer are job ids.
        """
        ...

    def progress_of(self, tenant_id: str, job_ids: Sequence[str]) -> Mapping[str, JobProgress]:
        """By job id, of those jobs that have reported; at most 100."""
        ...

    def unfinished_jobs(self, *, before: datetime, limit: int) -> list[Job]:
        """Queued or running jobs last written before `before`."""
        ...


class Executions(Protocol):
    """The `transcode` state machine."""

    def start(self, job: Job, /) -> bool:
        """True if the job's execution runs, started now or before; False if it has ended. Idempotent by job id."""
        ...

    def running(self, job: Job, /) -> bool:
        """True while the job's execution runs; False when it ended or never existed."""
        ...

    def stop(self, job: Job, /) -> None:
        """End the job's execution and its task; a no-op when it ended or never existed. Raises ProviderFailure."""
        ...
