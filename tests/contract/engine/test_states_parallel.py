"""Parallel as on AWS: one branch's error ends them all, and a caught one none."""

import json
from typing import Any

from tests.contract.engine.machines import CATCH, CAUGHT, Machines

FAILS = {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}


def branch(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def parallel(*branches: dict[str, Any], **state: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **({} if "Next" in state else {"End": True}), **state}


def fails_in(seconds: int) -> dict[str, Any]:
    return branch(Wait={"Type": "Wait", "Seconds": seconds, "Next": "Fails"}, Fails=FAILS)


def test_the_outputs_of_all_branches_come_in_their_order(machines: Machines) -> None:
    slow = branch(
        Wait={"Type": "Wait", "Seconds": 1, "Next": "Slow"}, Slow={"Type": "Pass", "Result": "slow", "End": True}
    )
    quick = branch(Quick={"Type": "Pass", "Result": "quick", "End": True})
    ended = machines.run({"Both": parallel(slow, quick, ResultPath="$.both")}, {"kept": 1})
    assert json.loads(ended["output"]) == {"kept": 1, "both": ["slow", "quick"]}


def test_an_error_stops_the_other_branch_s_task(machines: Machines) -> None:
    long = branch(Run=machines.task("run-until-stopped"))
    ended = machines.run({"Both": parallel(long, fails_in(1))})
    assert (ended["status"], ended["error"]) == ("FAILED", "Broken")
    machines.eventually(lambda: not machines.running_pids())


def test_a_caught_error_of_the_whole_state_stops_the_other_branch_too(machines: Machines) -> None:
    """Nothing else would end it: the execution itself goes on."""
    long = branch(Run=machines.task("run-until-stopped", TimeoutSeconds=600))
    end = {"Type": "Wait", "Seconds": 600, "End": True}
    execution = machines.start(machines.make({"Both": parallel(long, fails_in(1), Catch=CATCH), "Caught": end}))
    machines.eventually(machines.running_pids)
    machines.eventually(lambda: not machines.running_pids())
    client = machines.engine.client("stepfunctions")
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    client.stop_execution(executionArn=execution)


def test_an_error_caught_inside_a_branch_stops_nothing(machines: Machines) -> None:
    broken = {"Type": "Task", "Resource": machines.outputs["Classify"], "Catch": CATCH, "End": True}
    early = branch(Fails=broken, Caught=CAUGHT)
    ended = machines.run({"Both": parallel(early, branch(Run=machines.task("exit", "0")), ResultPath=None)}, {"job": 1})
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"job": 1})


def test_stopping_the_execution_stops_the_tasks_of_its_branches(machines: Machines) -> None:
    long = branch(Run=machines.task("run-until-stopped", Catch=CATCH), Caught=CAUGHT)
    execution = machines.start(machines.make({"Both": parallel(long, branch(Pass={"Type": "Pass", "End": True}))}))
    machines.eventually(machines.running_pids)
    machines.engine.client("stepfunctions").stop_execution(executionArn=execution)
    machines.eventually(lambda: not machines.running_pids())
    assert machines.ended(execution)["status"] == "ABORTED"
