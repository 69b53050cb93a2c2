"""Leases over every record store: written once, released without a condition, and the jobs that may want one."""

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.leases import Lease, LeaseBook
from sluice.domain.states import JobState
from sluice.service.lease_ports import Release, UnfinishedJob
from sluice.service.ports import Create, Records, Replace
from tests.contract.samples import MOMENT, TENANT, make_job


def test_a_lease_is_held_once_and_given_back_at_any_time(records: Records) -> None:
    job = make_job()
    lease = Lease(job_id=job.id, tenant_id=TENANT, vcpus=4, created_at=MOMENT)
    records.commit(Create(job), Create(lease))
    assert lease in records.leases()
    with pytest.raises(WriteConflict):
        records.commit(Create(lease))
    wider = lease.model_copy(update={"vcpus": 28, "version": 2})
    records.commit(Replace(wider))
    assert wider in records.leases()
    with pytest.raises(WriteConflict):
        records.commit(Replace(wider))
    for _ in range(2):
        records.commit(Release(job.id))
    with pytest.raises(WriteConflict):  # nobody makes it again by giving some of it back
        records.commit(Replace(lease.model_copy(update={"version": 3})))
    assert lease not in records.leases()
    assert records.job(TENANT, job.id) == job


def test_the_book_is_written_on_what_was_read(records: Records) -> None:
    book = records.lease_book()
    assert book == LeaseBook()
    full = LeaseBook(all_wait=True, tenants_waiting=(TENANT,), version=1)
    records.commit(Create(full))
    assert records.lease_book() == full
    assert records.leases() == []
    records.commit(Replace(LeaseBook(version=2)))
    with pytest.raises(WriteConflict):
        records.commit(Replace(LeaseBook(version=2)))


def test_unfinished_jobs_of_all_tenants(records: Records) -> None:
    queued, running = make_job(), make_job(state=JobState.RUNNING, tenant_id="ten_other")
    done = make_job(state=JobState.SUCCEEDED)
    records.commit(*map(Create, (queued, running, done)))
    found = records.unfinished_job_ids()
    assert {UnfinishedJob(job.tenant_id, job.id) for job in (queued, running)} <= set(found)
    assert done.id not in {one.job_id for one in found}
