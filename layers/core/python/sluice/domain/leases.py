"""Room for tasks: which jobs hold how many vCPUs, and whose turn it is when there is no room for all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from sluice.domain.model import Model


class Lease(Model):
    """A job's vCPUs: the row is there from before its execution starts until the job has ended."""

    job_id: str
    tenant_id: str
    vcpus: int
    created_at: datetime
    version: int = 1


class LeaseBook(Model):
    """Written with every new lease, so that two of them cannot both have taken the last room.

    While somebody waits, newcomers wait as well: they get their turn in fair order.
    """

    all_wait: bool = False  # no room in the environment
    tenants_waiting: tuple[str, ...] = ()  # no room within their own limit
    version: int = 0  # 0: not stored yet

    def waits(self, tenant_id: str) -> bool:
        return self.all_wait or tenant_id in self.tenants_waiting


RESERVE = 4  # vCPU of the largest task that a job begins with


class VcpuLimits(NamedTuple):
    environment: int
    tenant: int


class Room(Enum):
    FREE = auto()
    TENANT_FULL = auto()
    FULL = auto()


def in_use(leases: Iterable[Lease]) -> dict[str, int]:
    """vCPUs by tenant."""
    used: dict[str, int] = {}
    for lease in leases:
        used[lease.tenant_id] = used.get(lease.tenant_id, 0) + lease.vcpus
    return used


def room_for(tenant_id: str, vcpus: int, used: Mapping[str, int], limits: VcpuLimits) -> Room:
    if used.get(tenant_id, 0) + vcpus > limits.tenant:
        return Room.TENANT_FULL
    return Room.FULL if sum(used.values()) + vcpus > limits.environment else Room.FREE


def room_left(tenant_id: str, used: Mapping[str, int], limits: VcpuLimits) -> int:
    return min(limits.tenant - used.get(tenant_id, 0), limits.environment - sum(used.values()))


def tasks_at_once(*, wanted: int, task_vcpus: int, room: int, somebody_waits: bool) -> int:
    """Of a job in parts, whose lease holds one task at least.

    It leaves room for one more job, and takes no more than one task while somebody waits.
    """
    spare = 0 if somebody_waits else (room - RESERVE) // task_vcpus
    return max(1, min(wanted, spare))


def next_in_turn(queues: Mapping[str, Sequence[str]], used: Mapping[str, int]) -> str:
    """The tenant with the fewest vCPUs in use, then the one whose job is the oldest.

    `queues`: ids of jobs by tenant, oldest first, none of them empty. Ids begin with their time.
    """
    return min(queues, key=lambda tenant_id: (used.get(tenant_id, 0), queues[tenant_id][0]))
