"""An inline Map as on AWS, and what no execution may exceed."""

import json
from typing import Any

import pytest

from tests.contract.engine.machines import CATCH, CAUGHT, Machines

PASS = {"Type": "Pass", "End": True}


def each(states: dict[str, Any], **state: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": next(iter(states)), "States": states}
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True, **state}


def chain(length: int) -> dict[str, Any]:
    names = [f"Step{number}" for number in range(length)]
    steps = {name: {"Type": "Pass", "Next": after} for name, after in zip(names, names[1:], strict=False)}
    return {**steps, names[-1]: PASS}


def test_outputs_come_in_the_order_of_the_items_with_what_the_selector_says(machines: Machines) -> None:
    selector = {"item.$": "$$.Map.Item.Value", "kept.$": "$.kept"}
    ended = machines.run(
        {"Each": each({"Pass": PASS}, ItemSelector=selector, ResultPath="$.done")}, {"items": [3, 1, 2], "kept": 7}
    )
    assert json.loads(ended["output"])["done"] == [{"item": item, "kept": 7} for item in (3, 1, 2)]


def test_as_many_run_at_once_as_the_input_says(machines: Machines) -> None:
    """Two of four waits of a second: neither all at once nor one after the other."""
    overlap = each({"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Run"}, "Run": machines.task("run-until-stopped")})
    execution = machines.start(
        machines.make({"Each": {**overlap, "MaxConcurrencyPath": "$.width"}}), {"items": [0] * 4, "width": 2}
    )
    machines.eventually(lambda: len(machines.running_pids()) == 2)
    machines.engine.client("stepfunctions").stop_execution(executionArn=execution)
    waits = each({"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}, MaxConcurrencyPath="$.width")
    ended = machines.run({"Each": waits}, {"items": [0] * 4, "width": 2})
    assert ended["status"] == "SUCCEEDED"
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() >= 2


def test_an_iteration_s_error_stops_the_others_and_can_be_caught(machines: Machines) -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Wait"}],
        "Default": "Run",
    }
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Fails"}
    fails = {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}
    inside = {"Which": choice, "Run": machines.task("run-until-stopped"), "Wait": wait, "Fails": fails}
    ended = machines.run({"Each": each(inside, Catch=CATCH), "Caught": CAUGHT}, {"items": [0, 1]})
    assert json.loads(ended["output"])["error"] == {"Error": "Broken", "Cause": "on purpose"}
    machines.eventually(lambda: not machines.running_pids())


@pytest.mark.parametrize(
    ("state", "items", "reason"),
    [
        ({"MaxConcurrency": 41}, 1, "41 iterations at once; at most 40"),
        ({"MaxConcurrencyPath": "$.width"}, 1, "41 iterations at once; at most 40"),
        ({}, 1_001, "1001 items"),
    ],
)
def test_what_is_too_much_for_a_map_fails_the_execution(
    machines: Machines, state: dict[str, Any], items: int, reason: str
) -> None:
    over = each({"Pass": PASS}, Catch=CATCH, **state)
    ended = machines.run({"Each": over, "Caught": CAUGHT}, {"items": [0] * items, "width": 41})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert reason in ended["cause"]


def test_an_execution_ends_with_its_last_possible_event(machines: Machines) -> None:
    """1,000 iterations of 24 or of 26 events."""
    within = machines.run({"Each": each(chain(11), ResultPath=None)}, {"items": [0] * 1_000})
    assert within["status"] == "SUCCEEDED"
    over = machines.run(
        {"Each": each(chain(12), ResultPath=None, Catch=CATCH), "Caught": CAUGHT}, {"items": [0] * 1_000}
    )
    assert (over["status"], over["error"]) == ("FAILED", "States.Runtime")
    assert "history events (25000)" in over["cause"]
