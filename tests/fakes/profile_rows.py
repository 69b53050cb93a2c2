"""Rows in memory, and of them those of encoding profiles and leases."""

from typing import TypeVar

from sluice import table
from sluice.domain.encoding import CurrentProfile, EncodingProfile
from sluice.domain.leases import Lease, LeaseBook
from sluice.domain.models import Job, Model
from sluice.domain.states import JOB_EDGES
from sluice.service.lease_ports import UnfinishedJob
from sluice.table import Key

M = TypeVar("M", bound=Model)


class FakeProfileRows:
    def __init__(self) -> None:
        self.rows: dict[Key, Model] = {}

    def _get(self, model: type[M], key: Key) -> M | None:
        row = self.rows.get(key)
        assert row is None or isinstance(row, model)
        return row

    def _all(self, model: type[M]) -> list[M]:
        return [row for row in list(self.rows.values()) if isinstance(row, model)]

    def encoding_profile(self, tenant_id: str, profile_id: str, revision: int | None) -> EncodingProfile | None:
        if revision is not None:
            return self._get(EncodingProfile, table.encoding_profile(tenant_id, profile_id, revision))
        mine = [row for row in self._all(EncodingProfile) if (row.tenant_id, row.id) == (tenant_id, profile_id)]
        return max(mine, key=lambda profile: profile.revision, default=None)

    def current_profile(self, tenant_id: str, profile_id: str) -> CurrentProfile | None:
        return self._get(CurrentProfile, table.current_profile(tenant_id, profile_id))

    def current_profiles(self, tenant_id: str) -> list[EncodingProfile]:
        return [row.profile for row in self._all(CurrentProfile) if row.profile.tenant_id == tenant_id]

    def leases(self) -> list[Lease]:
        return self._all(Lease)

    def lease_book(self) -> LeaseBook:
        return self._get(LeaseBook, table.lease_book()) or LeaseBook()

    def unfinished_job_ids(self) -> list[UnfinishedJob]:
        return [UnfinishedJob(job.tenant_id, job.id) for job in self._all(Job) if JOB_EDGES[job.state]]
