"""The record store in memory: same rules, passes the same contract suite as the DynamoDB one."""

from collections.abc import Sequence
from threading import Lock
from typing import TypeVar

from sluice import table
from sluice.adapters.item_keys import key_of
from sluice.domain.asset_jobs import AssetJob
from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.deliveries import DeliveryAttempt
from sluice.domain.errors import WriteConflict
from sluice.domain.events import Event
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ingest import IngestBatch
from sluice.domain.intake import IntakePolicy
from sluice.domain.models import (
    ApiKey,
    Asset,
    AssetVersion,
    Job,
    JobProgress,
    JobResult,
    Model,
    PlaybackLookup,
    Tenant,
)
from sluice.domain.quality import QualityChoice
from sluice.domain.states import AssetState
from sluice.domain.upload import Fingerprint, Upload, UploadProgress, Usage
from sluice.domain.upload_errors import QuotaExceeded
from sluice.service.feed_ports import Dispatched
from sluice.service.lease_ports import Release
from sluice.service.ports import Count, Create, Remove, Replace, Write
from sluice.table import Key
from tests.fakes.feed import FakeFeed
from tests.fakes.thumbnail_rows import FakeThumbnailRows
from tests.fakes.webhook_rows import FakeWebhookRows
from tests.fakes.work_lists import FakeWorkLists

M = TypeVar("M", bound=Model)


def row_of(write: Write) -> Key:
    if isinstance(write, Release):
        return table.lease(write.job_id)
    if isinstance(write, Count):
        return table.usage(write.tenant_id, write.creator_id)
    return key_of(write.event if isinstance(write, Dispatched) else write.record)


class FakeRecords(FakeWorkLists, FakeWebhookRows, FakeFeed, FakeThumbnailRows):
    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def commit(self, *writes: Write) -> None:
        with self._lock:
            keys = [row_of(write) for write in writes]
            assert len(keys) == len(set(keys)) <= 100, "a transaction touches each row once and at most 100 rows"
            for write in sorted(writes, key=lambda write: isinstance(write, Count)):  # other assumptions come first
                self._check(write)
            for write in writes:
                self._postponed.pop(row_of(write), None)
                if isinstance(write, Count):
                    self.rows[row_of(write)] = self._counted(write)
                elif isinstance(write, Dispatched):
                    self.rows[row_of(write)] = write.event.model_copy(update={"dispatched": True})
                elif isinstance(write, Release):
                    self.rows.pop(row_of(write), None)
                elif isinstance(write, Remove):
                    del self.rows[key_of(write.record)]
                else:
                    self.rows[key_of(write.record)] = write.record

    def _counted(self, write: Count) -> Usage:
        before = self.usage(write.tenant_id, write.creator_id)
        return before.model_copy(
            update={
                "open_uploads": before.open_uploads + write.uploads,
                "open_bytes": before.open_bytes + write.size_bytes,
                "open_fetches": before.open_fetches + write.fetches,
            }
        )

    def _within(self, write: Count) -> bool:
        after = self._counted(write)
        limits = (
            (after.open_uploads, write.max_uploads),
            (after.open_bytes, write.max_bytes),
            (after.open_fetches, write.max_fetches),
        )
        return all(most is None or counted <= most for counted, most in limits)

    def _check(self, write: Write) -> None:
        if isinstance(write, Count | Release):
            if isinstance(write, Count) and not self._within(write):
                raise QuotaExceeded()
            return
        stored = self.rows.get(row_of(write))
        match write:
            case Dispatched():
                holds = isinstance(stored, Event) and not stored.dispatched
            case Create():
                holds = stored is None
            case Replace(record, steps):
                holds = stored is not None and getattr(stored, "version", None) == record.version - steps
            case Remove(record):
                holds = stored is not None and getattr(stored, "version", None) == record.version
        if not holds:
            raise WriteConflict()

    def save_progress(self, progress: JobProgress | UploadProgress) -> None:
        self.rows[key_of(progress)] = progress

    def save_result(self, result: JobResult) -> None:
        self.rows[key_of(result)] = result

    def save_quality(self, choice: QualityChoice) -> None:
        self.rows[key_of(choice)] = choice

    def save_attempt(self, attempt: DeliveryAttempt) -> None:
        self.rows[key_of(attempt)] = attempt

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._get(Tenant, table.tenant(tenant_id))

    def upload(self, tenant_id: str, upload_id: str) -> Upload | None:
        return self._get(Upload, table.upload(tenant_id, upload_id))

    def upload_progress(self, tenant_id: str, upload_id: str) -> UploadProgress | None:
        return self._get(UploadProgress, table.upload_progress(tenant_id, upload_id))

    def ingest_batch(self, tenant_id: str, batch_id: str) -> IngestBatch | None:
        return self._get(IngestBatch, table.ingest_batch(tenant_id, batch_id))

    def intake_policy(self, tenant_id: str, policy_id: str) -> IntakePolicy | None:
        return self._get(IntakePolicy, table.intake_policy(tenant_id, policy_id))

    def intake_policies(self, tenant_id: str) -> list[IntakePolicy]:
        mine = [policy for policy in self._all(IntakePolicy) if policy.tenant_id == tenant_id]
        return sorted(mine, key=lambda policy: policy.id)

    def usage(self, tenant_id: str, creator_id: str | None) -> Usage:
        stored = self._get(Usage, table.usage(tenant_id, creator_id))
        return stored or Usage(tenant_id=tenant_id, creator_id=creator_id)

    def fingerprint(self, tenant_id: str, digest: str) -> Fingerprint | None:
        return self._get(Fingerprint, table.fingerprint(tenant_id, digest))

    def asset(self, tenant_id: str, asset_id: str) -> Asset | None:
        return self._get(Asset, table.asset(tenant_id, asset_id))

    def asset_version(self, tenant_id: str, asset_id: str, version_id: str) -> AssetVersion | None:
        return self._get(AssetVersion, table.asset_version(tenant_id, asset_id, version_id))

    def job(self, tenant_id: str, job_id: str) -> Job | None:
        return self._get(Job, table.job(tenant_id, job_id))

    def job_progress(self, tenant_id: str, job_id: str) -> JobProgress | None:
        return self._get(JobProgress, table.job_progress(tenant_id, job_id))

    def job_quality(self, tenant_id: str, job_id: str) -> QualityChoice | None:
        return self._get(QualityChoice, table.job_quality(tenant_id, job_id))

    def job_result(self, tenant_id: str, job_id: str, attempt: int, unit: str = "") -> JobResult | None:
        return self._get(JobResult, table.job_result(tenant_id, job_id, attempt, unit))

    def chunk_plan(self, tenant_id: str, job_id: str, plan_id: str) -> ChunkPlan | None:
        return self._get(ChunkPlan, table.chunk_plan(tenant_id, job_id, plan_id))

    def chunk_parts(self, tenant_id: str, job_id: str, plan_id: str) -> list[ChunkPart]:
        mine = (tenant_id, job_id, plan_id)
        found = [one for one in self._all(ChunkPart) if (one.tenant_id, one.job_id, one.plan_id) == mine]
        return sorted(found, key=lambda part: part.name)

    def event(self, tenant_id: str, asset_id: str, sequence: int) -> Event | None:
        return self._get(Event, table.event(tenant_id, asset_id, sequence))

    def events(self, tenant_id: str, asset_id: str) -> list[Event]:
        """Not part of the port: what a test wants to see of an asset's history."""
        mine = [event for event in self._all(Event) if (event.tenant_id, event.asset_id) == (tenant_id, asset_id)]
        return sorted(mine, key=lambda event: event.sequence)

    def idempotency(self, tenant_id: str, route: str, key: str) -> IdempotencyRecord | None:
        return self._get(IdempotencyRecord, table.idempotency(tenant_id, route, key))

    def api_key(self, key_id: str) -> ApiKey | None:
        return self._get(ApiKey, table.api_key_lookup(key_id))

    def playback(self, playback_id: str) -> PlaybackLookup | None:
        return self._get(PlaybackLookup, table.playback_lookup(playback_id))

    def list_assets(self, tenant_id: str, *, limit: int, before: str | None) -> tuple[list[Asset], str | None]:
        mine = [a for a in self._all(Asset) if a.tenant_id == tenant_id and a.state is not AssetState.DELETED]
        newest_first = sorted(mine, key=lambda asset: asset.id, reverse=True)
        page = [asset for asset in newest_first if before is None or asset.id < before]
        return page[:limit], page[limit - 1].id if len(page) > limit else None

    def list_jobs(
        self, tenant_id: str, *, asset_id: str | None, limit: int, before: str | None
    ) -> tuple[list[Job], str | None]:
        if asset_id is None:
            ids = [job.id for job in self._all(Job) if job.tenant_id == tenant_id]
        else:
            pointers = self._all(AssetJob)
            ids = [one.job_id for one in pointers if (one.tenant_id, one.asset_id) == (tenant_id, asset_id)]
        page = [job_id for job_id in sorted(ids, reverse=True) if before is None or job_id < before]
        jobs = [job for job_id in page[:limit] if (job := self.job(tenant_id, job_id))]
        return jobs, page[limit - 1] if len(page) > limit else None

    def progress_of(self, tenant_id: str, job_ids: Sequence[str]) -> dict[str, JobProgress]:
        assert len(job_ids) <= 100
        found = {job_id: self.job_progress(tenant_id, job_id) for job_id in job_ids}
        return {job_id: progress for job_id, progress in found.items() if progress}
