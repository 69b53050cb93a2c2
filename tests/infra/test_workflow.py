"""The state machine `transcode`."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from functions.transcoder.main import parse
from infra.constructs.transcode_states import UNCLASSIFIED
from sluice.adapters.executions import execution_input
from sluice.domain.errors import ErrorClass
from sluice.domain.models import ErrorInfo
from sluice.service.failures import ON_DEMAND, SPOT, Failure, Verdict
from tests.contract.samples import make_job
from tests.infra.asl import attempts_of, complaints, definition_of, state
from tests.infra.deployment import Deployment

MARGIN_S = 1_800  # for the last classification and the failing of the job, repetitions included


@pytest.fixture(scope="module")
def definition(dev: Deployment) -> dict[str, Any]:
    return definition_of(dev, "transcode")


def test_asl_validator_accepts_it(definition: dict[str, Any], tmp_path: Path) -> None:
    assert complaints(definition, tmp_path) == ""


def test_it_starts_on_spot_and_takes_the_capacity_from_its_state(definition: dict[str, Any]) -> None:
    start = state(definition, "Init")
    assert start["Parameters"]["attempt"] == 1
    assert start["Parameters"]["capacity"] == SPOT
    strategy = state(definition, "RunTask")["Parameters"]["CapacityProviderStrategy"]
    assert strategy == [{"CapacityProvider.$": "$.capacity", "Weight": 1}]


def test_the_task_is_as_large_as_its_job_says(definition: dict[str, Any]) -> None:
    overrides = state(definition, "RunTask")["Parameters"]["Overrides"]
    assert {name: value for name, value in overrides.items() if name != "ContainerOverrides"} == {
        "Cpu.$": "$.size.cpu",
        "Memory.$": "$.size.memory",
        "EphemeralStorage": {"SizeInGiB.$": "$.size.storage_gib"},
    }
    told = execution_input(make_job(source_bytes=1 << 30))["size"]
    assert told == {"cpu": "4096", "memory": "8192", "storage_gib": 29}


def test_an_execution_that_names_no_size_has_the_usual_one(definition: dict[str, Any]) -> None:
    """Started by a function of the release before, in the minutes of a deployment."""
    begin = state(definition, attempts_of(definition)["StartAt"])
    [given] = begin["Choices"]
    assert (given["Variable"], given["IsPresent"], given["Next"]) == ("$.size", True, "Init")
    usual = state(definition, begin["Default"])
    assert (usual["ResultPath"], usual["Next"]) == ("$.size", "Init")
    assert usual["Parameters"].keys() == execution_input(make_job())["size"].keys()


def test_capacities_are_the_providers_of_the_cluster(dev: Deployment) -> None:
    providers = dev.only("AWS::ECS::ClusterCapacityProviderAssociations").properties["CapacityProviders"]
    assert {SPOT, ON_DEMAND} == set(providers)


def test_the_task_gets_its_work_by_command(definition: dict[str, Any]) -> None:
    [override] = state(definition, "RunTask")["Parameters"]["Overrides"]["ContainerOverrides"]
    assert override["Name"] == "transcoder"
    assert override["Command.$"] == (
        "States.Array('transcode', '--tenant', $.tenant_id, '--job', $.job_id, "
        "'--attempt', States.Format('{}', $.attempt), '--capacity', $.capacity)"
    )


@pytest.mark.parametrize("capacity", [SPOT, ON_DEMAND])
def test_the_task_understands_its_command(definition: dict[str, Any], capacity: str) -> None:
    [override] = state(definition, "RunTask")["Parameters"]["Overrides"]["ContainerOverrides"]
    text = override["Command.$"].replace("States.Format('{}', $.attempt)", "2").replace("$.capacity", capacity)
    wanted = parse([word.strip(" '") for word in text.removeprefix("States.Array(").removesuffix(")").split(",")])
    assert (wanted.command, wanted.attempt, wanted.capacity) == ("transcode", 2, capacity)


def test_it_waits_for_the_task_and_drops_its_long_answer(definition: dict[str, Any]) -> None:
    run = state(definition, "RunTask")
    assert run["Resource"] == "arn:aws:states:::ecs:runTask.sync"
    assert run["ResultPath"] is None
    assert run["Parameters"]["TaskDefinition"] == "sluice-dev-transcoder"  # no revision: see transcode_states


def test_every_failure_is_classified(definition: dict[str, Any]) -> None:
    [catch] = state(definition, "RunTask")["Catch"]
    assert catch == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "ClassifyFailure"}


def test_the_classifier_is_told_what_it_reads(definition: dict[str, Any]) -> None:
    told = {name.removesuffix(".$") for name in state(definition, "ClassifyFailure")["Parameters"]}
    assert told == {field.name for field in fields(Failure)}


def test_each_action_of_a_verdict_has_its_way(definition: dict[str, Any]) -> None:
    decide = state(definition, "RetryOrEnd")
    ways = {choice["StringEquals"]: choice["Next"] for choice in decide["Choices"]}
    assert {choice["Variable"] for choice in decide["Choices"]} == {"$.verdict.action"}
    assert ways == {"retry": "WaitBeforeRetry", "done": "FindParts"}
    assert decide["Default"] == "FailTranscode"
    assert state(definition, "WaitBeforeRetry")["SecondsPath"] == "$.verdict.wait_s"
    read = {path for path in _paths(definition) if path.startswith("$.verdict.")}
    assert {path.removeprefix("$.verdict.") for path in read} == {field.name for field in fields(Verdict)}


def _paths(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_paths(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(_paths(inner) for inner in value))
    return {value} if isinstance(value, str) else set()


def test_a_retry_keeps_the_job_and_the_clock(definition: dict[str, Any]) -> None:
    first = set(state(definition, "Init")["Parameters"])
    again = set(state(definition, "NextAttempt")["Parameters"])
    assert {name.removesuffix(".$") for name in first} == {name.removesuffix(".$") for name in again}
    assert state(definition, "NextAttempt")["Parameters"]["started_at.$"] == "$.started_at"
    assert state(definition, "NextAttempt")["Next"] == "RunTask"


def test_a_classifier_that_fails_ends_the_job_with_a_typed_error(definition: dict[str, Any]) -> None:
    [catch] = state(definition, "ClassifyFailure")["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Unclassified")
    assert state(definition, "Unclassified")["Next"] == "FailTranscode"
    assert state(definition, "Unclassified")["ResultPath"] == "$.verdict"
    error = ErrorInfo.model_validate(UNCLASSIFIED["error"])
    assert error.error_class is ErrorClass.PROVIDER
    assert state(definition, "Unclassified")["Parameters"] == UNCLASSIFIED


@pytest.mark.parametrize("name", ["ClassifyFailure", "FailTranscode"])
def test_one_bad_moment_of_a_function_ends_no_job(definition: dict[str, Any], name: str) -> None:
    """Throttled, out of memory, the table away: an exception is as good a reason to try again as a fault of Lambda."""
    *narrower, last = state(definition, name)["Retry"]
    assert last == {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 2}
    assert all("States.ALL" not in one["ErrorEquals"] for one in narrower)
