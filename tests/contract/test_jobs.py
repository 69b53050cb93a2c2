"""What every record store keeps of jobs, and the executions behind them."""

from collections.abc import Iterator
from contextlib import nullcontext

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from sluice.adapters.executions import StepFunctionsExecutions
from sluice.domain.asset_jobs import AssetJob
from sluice.domain.errors import ProviderFailure
from sluice.domain.ids import Prefix
from sluice.domain.models import Job, JobProgress
from sluice.service.ports import Create, Executions, Records
from tests.contract.samples import MOMENT, TENANT, make_job, new_id
from tests.fakes.pipeline import FakeExecutions


def stored(records: Records, **fields: object) -> Job:
    job = make_job(**fields)
    pointer = AssetJob(tenant_id=job.tenant_id, asset_id=job.asset_id, job_id=job.id)
    records.commit(Create(job), Create(pointer))
    return job


def pages(records: Records, asset_id: str | None) -> list[list[Job]]:
    found: list[list[Job]] = []
    before: str | None = None
    while True:
        page, before = records.list_jobs(TENANT, asset_id=asset_id, limit=2, before=before)
        found.append(page)
        if before is None:
            return found


def test_a_tenants_jobs_are_newest_first_in_pages_without_gaps(records: Records) -> None:
    jobs = [stored(records) for _ in range(5)]
    stored(records, tenant_id=new_id(Prefix.TENANT))
    assert pages(records, None) == [[jobs[4], jobs[3]], [jobs[2], jobs[1]], [jobs[0]]]


def test_the_jobs_of_one_asset_are_its_own(records: Records) -> None:
    asset_id = new_id(Prefix.ASSET)
    mine = [stored(records, asset_id=asset_id) for _ in range(4)]
    stored(records)
    stored(records, asset_id=asset_id, tenant_id=new_id(Prefix.TENANT))
    assert pages(records, asset_id) == [[mine[3], mine[2]], [mine[1], mine[0]]]
    assert records.list_jobs(TENANT, asset_id=new_id(Prefix.ASSET), limit=9, before=None) == ([], None)


def test_progress_of_many_jobs_leaves_out_those_that_never_reported(records: Records) -> None:
    jobs = [make_job() for _ in range(3)]
    told = [
        JobProgress(tenant_id=TENANT, job_id=job.id, attempt=1, stage="encode", percent=41.5, updated_at=MOMENT)
        for job in jobs[:2]
    ]
    for progress in told:
        records.save_progress(progress)
    found = records.progress_of(TENANT, [job.id for job in jobs])
    assert found == {progress.job_id: progress for progress in told}
    assert records.progress_of(TENANT, []) == {}


@pytest.fixture
def states() -> Iterator[StepFunctionsExecutions]:
    with mock_aws():
        client = boto3.client("stepfunctions", region_name="eu-west-1")
        definition = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}'
        role = "arn:aws:iam::123456789012:role/states"
        machine = client.create_state_machine(name="transcode", definition=definition, roleArn=role)
        yield StepFunctionsExecutions(client, machine["stateMachineArn"])


@pytest.fixture(params=["fake", "states"])
def executions(request: pytest.FixtureRequest) -> Executions:
    return FakeExecutions() if request.param == "fake" else request.getfixturevalue("states")


def test_a_stopped_execution_runs_no_more_and_its_name_is_taken(executions: Executions) -> None:
    job = make_job()
    assert executions.start(job) and executions.running(job)
    for _ in range(2):
        executions.stop(job)
        assert not executions.running(job)
    assert not executions.start(job)


def test_stopping_what_never_started_is_nothing(executions: Executions) -> None:
    job = make_job()
    executions.stop(job)
    assert not executions.running(job)


@pytest.mark.parametrize(("code", "fails"), [("ValidationException", False), ("AccessDeniedException", True)])
def test_only_an_execution_that_has_ended_needs_no_stop(code: str, fails: bool) -> None:
    """AWS documents no answer for an execution that has ended by itself; an emulator says ValidationException."""
    client = boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:transcode"
    with Stubber(client) as stubber:
        stubber.add_client_error("stop_execution", code)
        stop = StepFunctionsExecutions(client, arn).stop
        with pytest.raises(ProviderFailure) if fails else nullcontext():
            stop(make_job())
        stubber.assert_no_pending_responses()
