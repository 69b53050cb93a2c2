"""Fetching from URLs: the state machine, the task that strangers' servers talk to, and what it may touch."""

from pathlib import Path
from typing import Any

import pytest

from functions.transcoder.main import parse
from infra.constructs.fetch_workflow import TASK_LIMIT, TOTAL_LIMIT
from sluice.config import FetcherSettings
from tests.infra.asl import command_of, complaints, definition_of, state
from tests.infra.deployment import Deployment, as_list, flat, synthesize


@pytest.fixture(scope="module")
def definition(dev: Deployment) -> dict[str, Any]:
    return definition_of(dev, "fetch")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """With both settings that open something."""
    folder = tmp_path_factory.mktemp("opened")
    synthesize("dev", folder, context={"ingestBuckets": "films, more-films", "ingestPlainHttp": "true"})
    return Deployment("dev", folder)


def settings(deployment: Deployment) -> FetcherSettings:
    variables = {one["Name"]: flat(one["Value"]) for one in deployment.container("fetcher")["Environment"]}
    return FetcherSettings.from_env(variables)


def grants(deployment: Deployment) -> set[tuple[str, str]]:
    return {
        (action, flat(resource).rpartition(":")[2])
        for statement in deployment.statements_of(deployment.task_role("fetcher"))
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def ports(deployment: Deployment, name: str) -> list[int]:
    return [out["FromPort"] for out in deployment.security_group(name).properties["SecurityGroupEgress"]]


def test_asl_validator_accepts_it(definition: dict[str, Any], tmp_path: Path) -> None:
    assert complaints(definition, tmp_path) == ""


def test_the_task_understands_its_command(definition: dict[str, Any]) -> None:
    command = command_of(definition, "FetchSource")
    assert command == ["fetch", "--tenant", "$.tenant_id", "--upload", "$.upload_id"]
    wanted = parse(command)
    assert (wanted.command, wanted.tenant, wanted.upload) == ("fetch", "$.tenant_id", "$.upload_id")


def test_it_runs_on_demand_and_drops_the_task_s_long_answer(definition: dict[str, Any]) -> None:
    run = state(definition, "FetchSource")
    assert run["Resource"] == "arn:aws:states:::ecs:runTask.sync"
    assert run["ResultPath"] is None
    assert run["Parameters"]["TaskDefinition"] == "sluice-dev-fetcher"
    assert run["Parameters"]["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE", "Weight": 1}]
    assert definition["StartAt"] == "FetchSource"


def test_no_room_is_waited_for_longer_than_a_fault(definition: dict[str, Any]) -> None:
    no_room, fault = state(definition, "FetchSource")["Retry"]
    assert "ECS.AmazonECSException" in no_room["ErrorEquals"]  # RunTask placed nothing: quota or capacity
    assert "States.TaskFailed" not in no_room["ErrorEquals"]  # it would stand for every error
    assert no_room["MaxDelaySeconds"] * no_room["MaxAttempts"] / 2 > 8 * 3_600  # full jitter halves the wait
    assert (no_room["MaxDelaySeconds"], no_room["JitterStrategy"]) == (300, "FULL")
    assert fault == {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 5, "BackoffRate": 3}


def test_what_cannot_be_fetched_is_failed_by_a_function_that_is_tried_again(definition: dict[str, Any]) -> None:
    [catch] = state(definition, "FetchSource")["Catch"]
    assert catch == {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "FailFetch"}
    fail = state(definition, "FailFetch")
    assert "Parameters" not in fail  # it takes the input: tenant and upload
    assert fail["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    assert state(definition, fail["Next"])["Type"] == "Fail"


def test_an_execution_outlives_its_task(definition: dict[str, Any]) -> None:
    assert state(definition, "FetchSource")["TimeoutSeconds"] == TASK_LIMIT.to_seconds() == 12 * 3_600
    assert definition["TimeoutSeconds"] == TOTAL_LIMIT.to_seconds() > 24 * 3_600


def test_the_task_is_small_and_of_the_transcoder_s_image(dev: Deployment) -> None:
    task = dev.task("fetcher").properties
    assert (task["Cpu"], task["Memory"]) == ("1024", "2048")
    assert "EphemeralStorage" not in task  # the 20 GiB that are free
    assert dev.container("fetcher")["Image"] == dev.container("transcoder")["Image"]
    assert dev.container("fetcher")["ReadonlyRootFilesystem"] is True


def test_the_task_writes_originals_and_rows_and_nothing_else(dev: Deployment) -> None:
    actions = {action for action, _ in grants(dev)}
    assert actions == {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "sqs:SendMessage",
    }
    objects = {resource for action, resource in grants(dev) if action.startswith("s3:")}
    assert [one.rpartition(">")[2] for one in objects] == ["/uploads/*"]
    assert "Media" not in str(dev.statements_of(dev.task_role("fetcher")))


def test_both_tasks_have_roles_of_their_own(dev: Deployment) -> None:
    assert dev.task_role("fetcher").name != dev.task_role("transcoder").name


def test_nothing_is_open_unless_it_is_said(dev: Deployment) -> None:
    assert (settings(dev).ingest_buckets, settings(dev).plain_http, settings(dev).allow_loopback) == ("", False, False)
    assert ports(dev, "Fetcher") == [443]
    api = dev.function("api_ingest").properties["Environment"]["Variables"]
    assert (api["SLUICE_INGEST_BUCKETS"], api["SLUICE_PLAIN_HTTP"]) == ("", "False")


def test_named_buckets_can_be_read_and_no_others(opened: Deployment) -> None:
    assert settings(opened).ingest_buckets == "films,more-films"
    assert {one for one in grants(opened) if one[0] == "s3:GetObject"} == {
        ("s3:GetObject", "films/*"),
        ("s3:GetObject", "more-films/*"),
    }


def test_a_named_bucket_must_be_of_this_account(opened: Deployment) -> None:
    [reading] = [
        statement
        for statement in opened.statements_of(opened.task_role("fetcher"))
        if "s3:GetObject" in as_list(statement["Action"])
    ]
    assert reading["Condition"] == {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}


def test_plain_http_opens_port_80_for_fetches_only(opened: Deployment) -> None:
    assert settings(opened).plain_http is True
    assert sorted(ports(opened, "Fetcher")) == [80, 443]
    assert ports(opened, "Transcoder") == [443]


def test_the_gateway_s_function_decides_by_the_same_settings(opened: Deployment) -> None:
    api = opened.function("api_ingest").properties["Environment"]["Variables"]
    assert (api["SLUICE_INGEST_BUCKETS"], api["SLUICE_PLAIN_HTTP"]) == ("films,more-films", "True")
