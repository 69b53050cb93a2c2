"""A CloudFormation template onto a running engine, without the CDK command line: for tests of single resources."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.local.engine import Engine

TIMEOUT_S = 60.0
POLL_S = 0.05


class StackFailed(RuntimeError):
    """The stack did not reach the wanted state; the message holds the reasons that CloudFormation gave."""


def create_stack(
    engine: "Engine", name: str, resources: Mapping[str, Any], outputs: Mapping[str, Any]
) -> dict[str, str]:
    """Create a stack and wait for it. `outputs` maps a name to its value; answers the resolved values."""
    engine.client("cloudformation").create_stack(
        StackName=name,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        TemplateBody=_template(resources, outputs),
    )
    return _wait(engine, name, "CREATE_COMPLETE")


def update_stack(
    engine: "Engine", name: str, resources: Mapping[str, Any], outputs: Mapping[str, Any]
) -> dict[str, str]:
    engine.client("cloudformation").update_stack(
        StackName=name,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        TemplateBody=_template(resources, outputs),
    )
    return _wait(engine, name, "UPDATE_COMPLETE")


def _template(resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    values = {name: {"Value": value} for name, value in outputs.items()}
    return json.dumps({"Resources": resources, "Outputs": values})


def _wait(engine: "Engine", name: str, wanted: str) -> dict[str, str]:
    cloudformation = engine.client("cloudformation")
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if stack["StackStatus"] == wanted:
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        ended = not stack["StackStatus"].endswith("IN_PROGRESS")
        if ended or time.monotonic() > deadline:
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            reasons = [
                f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events if "ResourceStatusReason" in e
            ]
            raise StackFailed(f"{name} is {stack['StackStatus']}\n" + "\n".join(reasons))
        time.sleep(POLL_S)
