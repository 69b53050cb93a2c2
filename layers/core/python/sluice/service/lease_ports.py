"""What the record store keeps of leases: a part of `service.ports.Records`."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sluice.domain.leases import Lease, LeaseBook


@dataclass(frozen=True)
class Release:
    """Without a condition: in the transaction that ends the job, whether or not it holds a lease."""

    job_id: str


class UnfinishedJob(NamedTuple):
    tenant_id: str
    job_id: str


class LeaseRecords(Protocol):
    def leases(self) -> list[Lease]:
        """Of all tenants."""
        ...

    def lease_book(self) -> LeaseBook: ...

    def unfinished_job_ids(self) -> list[UnfinishedJob]:
        """Queued and running jobs of all tenants, eventually consistent, in no order; the first 10,000."""
        ...
