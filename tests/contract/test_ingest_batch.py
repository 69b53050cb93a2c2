"""Many sources at once, stored as DynamoDB stores them."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.executions import StepFunctionsExecutions
from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.adapters.records import DynamoRecords
from sluice.domain.errors import FieldError, ProviderFailure
from sluice.domain.ids import Prefix, derived_id
from sluice.domain.ingest import IngestBatch, Refusal, fitting
from sluice.domain.upload import UploadSource
from sluice.domain.upload_errors import MetadataNotAllowed
from sluice.http import Keyed
from sluice.service.ingest import IngestPorts
from sluice.service.ingest_batch import Item, ingest_once
from sluice.service.ports import Create, Records
from sluice.service.upload_access import UploadLimits
from sluice.service.upload_slots import NewUpload
from tests.contract.samples import MOMENT, TENANT, make_upload
from tests.fakes.ingest_sources import FakeIngestSources
from tests.fakes.pipeline import FakeExecutions
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.uploads_bucket import FakeUploadObjects
from tests.unit.world import Who

SIZE = 40  # moto copies its whole table for every row of a transaction
MOST_SOURCES = 1_000
ids = FakeIds()


def ports(records: Records, fetches: Any) -> IngestPorts:
    return IngestPorts(
        environment="dev",
        limits=UploadLimits(3_600, 900, 10**11, 1_000),
        records=records,
        objects=FakeUploadObjects(),
        schemas=JsonMetadataSchemas(),
        fetches=fetches,
        sources=FakeIngestSources(),
        new_id=ids,
        now=FakeClock(),
    )


def commands(batch_id: str) -> list[NewUpload]:
    return [
        NewUpload(
            upload_id=derived_id(Prefix.UPLOAD, batch_id, index),
            size_bytes=0,
            content_type="video/mp4",
            metadata={},
            creator_id=f"creator-{index}",
            source=UploadSource(url="https://films.example/a"),
        )
        for index in range(SIZE)
    ]


def ingested(given: IngestPorts) -> tuple[list[Item], bool]:
    who = Who(TENANT, "req-1", "cor-1")
    return ingest_once(Keyed(TENANT, "POST /v1/assets:batch", "k", "h"), commands, caller=who, ports=given)


def test_many_sources_fit_into_few_requests_and_are_found_again(dynamo: DynamoRecords) -> None:
    requests: list[str] = []
    client = dynamo._client
    client.meta.events.register("before-send.dynamodb", lambda **sent: requests.append(str(sent["event_name"])))
    fetches = FakeExecutions()
    given = ports(dynamo, fetches)
    first, replayed = ingested(given)
    assert not replayed and all(item.asset for item in first)
    assert len(set(fetches.names)) == SIZE == dynamo.usage(TENANT, None).open_uploads
    made = len(requests)
    written = [name for name in requests if name.endswith("TransactWriteItems")]
    assert len(written) == 3 + 3  # slots by sixteens; the key, the batch, the key again
    assert made - len(written) <= 2
    again, replayed = ingested(given)
    assert replayed and again == first
    assert not [name for name in requests[made:] if name.endswith("TransactWriteItems")]


@pytest.mark.parametrize("fields", [0, 1, 20])
def test_the_longest_row_of_a_batch_fits(records: Records, fields: int) -> None:
    """DynamoDB takes 400 KB."""
    errors = tuple(FieldError("/metadata/" + "k" * 500, "not_allowed", "x" * 500) for _ in range(fields))
    error = MetadataNotAllowed("x" * 1_000, errors=errors)
    batch = IngestBatch(
        id=ids(Prefix.INGEST_BATCH),
        tenant_id=TENANT,
        size=MOST_SOURCES,
        refusals=tuple(fitting([Refusal.of(index, error) for index in range(MOST_SOURCES)])),
        created_at=MOMENT,
    )
    records.commit(Create(batch))
    assert records.ingest_batch(TENANT, batch.id) == batch
    assert records.ingest_batch(TENANT, ids(Prefix.INGEST_BATCH)) is None


def test_an_upload_s_execution_is_started_once_under_its_name() -> None:
    upload = make_upload()
    with mock_aws():
        client = boto3.client("stepfunctions", region_name="eu-west-1")
        role = "arn:aws:iam::123456789012:role/states"
        machine = client.create_state_machine(name="fetch", definition='{"StartAt": "a"}', roleArn=role)
        executions = StepFunctionsExecutions(client, machine["stateMachineArn"])
        assert executions.start(upload) and executions.running(upload)
        [execution] = client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        assert execution["name"] == upload.id
        told = client.describe_execution(executionArn=execution["executionArn"])["input"]
        assert told == f'{{"tenant_id": "{TENANT}", "upload_id": "{upload.id}"}}'
        client.stop_execution(executionArn=execution["executionArn"])
        assert not executions.running(upload)


def test_a_state_machine_that_is_away_is_our_failure(records: Records) -> None:
    with mock_aws():
        client = boto3.client("stepfunctions", region_name="eu-west-1")
        machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:nowhere"
        with pytest.raises(ProviderFailure):
            StepFunctionsExecutions(client, machine).start(make_upload())
