"""State machines over a function and a task, each made by a test and run to its end."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.engine import Engine
from infra.local.processes import recorded_pid
from infra.local.templates import create_stack
from tests.contract.engine.resources import Resource, allow, attribute, function, ref, resource, role, task_definition

CLUSTER = "states"
CLASSIFY = """
import json
class Unclassified(Exception):
    pass
def handler(event, context):
    if "error" not in event:
        raise Unclassified("nothing to classify")
    task = json.loads(event["error"]["Cause"])
    return {"code": task["Containers"][0]["ExitCode"], "name": event["error"]["Error"], "attempt": event["attempt"]}
"""
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "End": True}


@dataclass
class Machines:
    engine: Engine
    eventually: Callable[[Callable[[], Any]], Any]
    outputs: dict[str, str]

    def make(self, states: dict[str, Any], *, role_name: str = "Role", **definition: Any) -> str:
        """The ARN of a machine that starts at the first of `states`."""
        client = self.engine.client("stepfunctions")
        name = f"machine-{len(client.list_state_machines(maxResults=1000)['stateMachines'])}"
        document = {"StartAt": next(iter(states)), "States": states, **definition}
        made = client.create_state_machine(name=name, definition=json.dumps(document), roleArn=self.outputs[role_name])
        return str(made["stateMachineArn"])

    def start(self, machine: str, data: Any = None, name: str = "run") -> str:
        client = self.engine.client("stepfunctions")
        started = client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(data or {}))
        return str(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        client = self.engine.client("stepfunctions")

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = client.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return dict(self.eventually(look))

    def run(self, states: dict[str, Any], data: Any = None, **options: Any) -> dict[str, Any]:
        return self.ended(self.start(self.make(states, **options), data))

    def task(self, *command: str, **state: Any) -> Resource:
        overrides = {"ContainerOverrides": [{"Name": "main", "Command": list(command)}]}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Parameters": {"Cluster": CLUSTER, "TaskDefinition": self.outputs["Task"], "Overrides": overrides},
            **({"End": True} if "Next" not in state else {}),
            **state,
        }

    def running_pids(self) -> list[int]:
        records = (self.engine.folder / "tasks").glob("*.json")
        return [pid for pid in map(recorded_pid, records) if pid is not None]


def make_machines(engine: Engine, eventually: Callable[[Callable[[], Any]], Any]) -> Machines:
    task_roles = allow(["iam:PassRole"], attribute("TaskRole", "Arn"))
    tasks = allow(["ecs:RunTask"], ref("Task"))
    calls = allow(["lambda:InvokeFunction"], attribute("Classify", "Arn"))
    template = {
        "Cluster": resource("ECS::Cluster", ClusterName=CLUSTER),
        "TaskRole": role("ecs-tasks"),
        "Task": task_definition("TaskRole", StopTimeout=1),
        "FunctionRole": role("lambda"),
        "Classify": function(CLASSIFY, "FunctionRole"),
        "Role": role("states", task_roles, tasks, calls),
        "Powerless": role("states"),
        "NoPassRole": role("states", tasks),
    }
    outputs = {name: attribute(name, "Arn") for name in ("Role", "Powerless", "NoPassRole", "Classify")}
    made = create_stack(engine, "states", template, {**outputs, "Task": ref("Task")})
    return Machines(engine, eventually, made)
