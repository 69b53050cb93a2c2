"""Room that is given back is heard of, by a function that may look for who waits."""

from datetime import UTC, datetime

import pytest

from sluice.adapters.ids import new_id
from sluice.domain.ids import Prefix
from sluice.domain.leases import Lease
from sluice.service.lease_ports import Release
from sluice.service.ports import Create
from sluice.service.vcpu_admission import written
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def looks(stacks: Stacks) -> int:
    return sum("room_left" in message for message in stacks.log_messages("start_waiting"))


def test_a_lease_that_goes_makes_somebody_look_for_who_waits(stacks: Stacks) -> None:
    """Nobody does, though the book says so; the look tells it."""
    records, before = stacks.records, looks(stacks)
    lease = Lease(job_id=new_id(Prefix.JOB), tenant_id=new_id(Prefix.TENANT), vcpus=2, created_at=datetime.now(UTC))
    book = records.lease_book().model_copy(update={"tenants_waiting": (lease.tenant_id,)})
    records.commit(written(book), Create(lease))
    records.commit(Release(lease.job_id))
    assert eventually(lambda: looks(stacks) > before, "a look")
    assert eventually(lambda: not records.lease_book().tenants_waiting, "nobody waits")
