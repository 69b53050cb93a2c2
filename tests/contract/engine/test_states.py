"""Step Functions as on AWS: waits, failures, timeouts, roles, paths."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.machines import CATCH, CAUGHT, Machines


def test_sync_waits_for_the_task_and_passes_its_description_on(machines: Machines) -> None:
    ended = machines.run({"Run": machines.task("exit", "0", ResultPath="$.task")}, {"kept": 1})
    assert ended["status"] == "SUCCEEDED"
    output = json.loads(ended["output"])
    assert output["kept"] == 1
    assert output["task"]["LastStatus"] == "STOPPED"
    assert output["task"]["Containers"][0]["ExitCode"] == 0


def test_a_non_zero_exit_is_caught_and_classified_by_a_function(machines: Machines) -> None:
    classify = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {
            "FunctionName": machines.outputs["Classify"],
            "Payload": {"error.$": "$.error", "attempt.$": "$.attempt"},
        },
        "OutputPath": "$.Payload",
        "End": True,
    }
    states = {"Run": machines.task("exit", "3", Catch=CATCH, Next="Caught"), "Caught": classify}
    ended = machines.run(states, {"attempt": 2})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == {"code": 3, "name": "States.TaskFailed", "attempt": 2}


def test_a_function_s_exception_is_the_error_name(machines: Machines) -> None:
    parameters = {"FunctionName": machines.outputs["Classify"], "Payload": {}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, "End": True}
    ended = machines.run({"Call": state})
    assert (ended["status"], ended["error"]) == ("FAILED", "Unclassified")


def test_a_retry_comes_before_the_catch(machines: Machines) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    fails = {"Type": "Task", "Resource": machines.outputs["Classify"], "Retry": retry, "Catch": CATCH}
    ended = machines.run({"Fails": {**fails, "End": True}, "Caught": CAUGHT})
    assert json.loads(ended["output"])["error"]["Error"] == "Unclassified"
    history = machines.engine.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    assert [event["type"] for event in history["events"]].count("TaskFailed") == 3


def test_a_state_s_timeout_stops_the_task(machines: Machines) -> None:
    states = {
        "Run": machines.task("run-until-stopped", TimeoutSeconds=1, Catch=CATCH, Next="Caught"),
        "Caught": CAUGHT,
    }
    ended = machines.run(states)
    assert json.loads(ended["output"])["error"]["Error"] == "States.Timeout"
    machines.eventually(lambda: not machines.running_pids())


def test_the_machine_s_timeout_ends_the_execution_and_its_task(machines: Machines) -> None:
    states = {"Run": machines.task("run-until-stopped", Catch=CATCH), "Caught": CAUGHT}
    ended = machines.run(states, TimeoutSeconds=1)
    assert ended["status"] == "TIMED_OUT"
    machines.eventually(lambda: not machines.running_pids())


def test_stop_execution_stops_the_task(machines: Machines) -> None:
    states = {"Run": machines.task("run-until-stopped", Catch=CATCH), "Caught": CAUGHT}
    execution = machines.start(machines.make(states))
    machines.eventually(machines.running_pids)
    machines.engine.client("stepfunctions").stop_execution(executionArn=execution, error="Cancelled")
    machines.eventually(lambda: not machines.running_pids())
    ended = machines.ended(execution)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Cancelled")


def test_stop_execution_ends_a_wait(machines: Machines) -> None:
    execution = machines.start(machines.make({"Wait": {"Type": "Wait", "Seconds": 600, "Next": "End"}, "End": CAUGHT}))
    client = machines.engine.client("stepfunctions")
    client.stop_execution(executionArn=execution)
    assert machines.ended(execution)["status"] == "ABORTED"
    events = client.get_execution_history(executionArn=execution)["events"]
    assert "PassStateEntered" not in {event["type"] for event in events}


@pytest.mark.parametrize(("role_name", "missing"), [("Powerless", "ecs:RunTask"), ("NoPassRole", "iam:PassRole")])
def test_the_machine_s_role_is_enforced(machines: Machines, role_name: str, missing: str) -> None:
    ended = machines.run({"Run": machines.task("exit", "0")}, role_name=role_name)
    assert (ended["status"], ended["error"]) == ("FAILED", "ECS.AccessDeniedException")
    assert missing in ended["cause"]


def test_a_member_that_the_service_does_not_know_fails(machines: Machines) -> None:
    state = machines.task("exit", "0")
    state["Parameters"]["NoSuchMember"] = 1
    ended = machines.run({"Run": state})
    assert ended["error"] == "States.Runtime"
    assert "NoSuchMember" in ended["cause"]


def test_an_integration_that_is_not_offered_fails_instead_of_bypassing_the_role(machines: Machines) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "End": True}
    ended = machines.run({"List": state})
    assert ended["error"] == "States.Runtime"
    assert "not offered" in ended["cause"]


def test_start_execution_is_idempotent_while_the_execution_runs(machines: Machines) -> None:
    machine = machines.make({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
    execution = machines.start(machine, {"job": 1}, name="job-1")
    assert machines.start(machine, {"job": 1}, name="job-1") == execution
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(machine, {"job": 2}, name="job-1")
    machines.engine.client("stepfunctions").stop_execution(executionArn=execution)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(machine, {"job": 1}, name="job-1")


def test_a_parameter_path_that_finds_nothing_fails(machines: Machines) -> None:
    ended = machines.run({"Pick": {"Type": "Pass", "Parameters": {"x.$": "$.missing.part"}, "End": True}})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ParameterPathFailure")
    assert "$.missing.part" in ended["cause"]


def test_a_choice_on_a_missing_variable_fails_and_is_present_does_not(machines: Machines) -> None:
    def choice(rule: dict[str, Any]) -> dict[str, Any]:
        rules = [{"Variable": "$.attempt", "Next": "Yes", **rule}]
        ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in ("Yes", "No")}
        return {"Choose": {"Type": "Choice", "Choices": rules, "Default": "No"}, **ends}

    assert machines.run(choice({"NumericEquals": 1}))["error"] == "States.Runtime"
    assert json.loads(machines.run(choice({"IsPresent": True}))["output"]) == "No"
    assert json.loads(machines.run(choice({"IsPresent": True}), {"attempt": None})["output"]) == "Yes"


def test_a_runtime_error_is_not_matched_by_states_all(machines: Machines) -> None:
    state = machines.task("exit", "0", Catch=CATCH, Next="Caught")
    state["Parameters"]["NoSuchMember"] = 1
    assert machines.run({"Run": state, "Caught": CAUGHT})["error"] == "States.Runtime"
