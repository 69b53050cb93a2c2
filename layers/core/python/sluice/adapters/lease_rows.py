"""Leases in DynamoDB, and the jobs that may want one."""

from sluice import table
from sluice.adapters.items import from_item
from sluice.adapters.row_reads import RowReads
from sluice.domain.leases import Lease, LeaseBook
from sluice.service.lease_ports import UnfinishedJob
from sluice.table import DueKind

MOST_JOBS = 10_000  # of one sweep: some 1.5 MB of keys


class LeaseRows(RowReads):
    def leases(self) -> list[Lease]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{table.PK} = :pk AND begins_with({table.SK}, :jobs)",
            ExpressionAttributeValues={":pk": {"S": table.LEASES}, ":jobs": {"S": table.lease("").sk}},
            ConsistentRead=True,
        )
        return [from_item(Lease, item) for page in pages for item in page["Items"]]

    def lease_book(self) -> LeaseBook:
        return self._get(LeaseBook, table.lease_book()) or LeaseBook()

    def unfinished_job_ids(self) -> list[UnfinishedJob]:
        found: list[UnfinishedJob] = []
        for partition in table.due_partitions(DueKind.JOB_CHECK):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=table.DUE_INDEX,
                KeyConditionExpression=f"{table.DUE_PK} = :due",
                ExpressionAttributeValues={":due": {"S": partition}},
                PaginationConfig={"MaxItems": MOST_JOBS // table.DUE_SHARDS},
            )
            keys = [item[table.PK]["S"] for page in pages for item in page["Items"]]
            found += [UnfinishedJob(tenant_id, job_id) for _, tenant_id, _, job_id in (key.split("#") for key in keys)]
        return found
