"""What Task states do: signed calls under the state machine's own role, and `ecs:runTask.sync` that really waits.

Only integrations that go through the front door (IAM and parameter checks included) are offered: ecs:runTask with or
without .sync, lambda:invoke and the four DynamoDB item calls. Any other one fails with States.Runtime.
"""

import datetime
import functools
import json
import os
import threading
import time
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from infra.local.adapter.sessions import role_session
from infra.local.adapter.states_execution import Aborted, check_alive, states_role
from infra.local.adapter.symbols import engine_module

states = engine_module(
    "services.stepfunctions", "_ExecutionError", "_SERVICE_DISPATCH", "_call_lambda", "_invoke_aws_sdk_integration"
)
ecs = engine_module("services.ecs", "_describe_tasks", "_stop_task", "_tasks")
responses = engine_module("core.responses", "get_region")

POLL_S = 0.1
CLIENT_LIFE_S = 3000  # below the life of its session
INVOKE_TIMEOUT_S = 910  # a function may take 15 minutes
RUN_TASK = "arn:aws:states:::ecs:runTask"
ITEM_CALLS = ("putItem", "getItem", "deleteItem", "updateItem")


def install() -> None:
    states._SERVICE_DISPATCH.clear()
    states._SERVICE_DISPATCH[RUN_TASK] = run_task
    for action in ITEM_CALLS:
        integration = functools.partial(call_item, action)
        states._SERVICE_DISPATCH[f"arn:aws:states:::dynamodb:{action}"] = integration
    states._call_lambda = call_lambda
    states._invoke_aws_sdk_integration = refuse_sdk_integration


def run_task(resource: str, data: dict[str, Any]) -> Any:
    check_alive()
    started = call("ecs", "runTask", {"StartedBy": "AWS Step Functions", **data}, "ECS")
    if started.get("Failures") or not started.get("Tasks"):
        raise states._ExecutionError("ECS.AmazonECSException", json.dumps(started))
    if not resource.endswith(".sync"):
        return started
    stopped = _wait_for(data.get("Cluster", "default"), started["Tasks"][0]["TaskArn"])
    if _failed(stopped):
        raise states._ExecutionError("States.TaskFailed", json.dumps(stopped))
    return stopped


def _wait_for(cluster: str, task_arn: str) -> dict[str, Any]:
    """Follows the task without the caller's permissions: on AWS a managed EventBridge rule does it."""
    try:
        while True:
            check_alive()
            task: dict[str, Any] = json.loads(ecs._describe_tasks({"cluster": cluster, "tasks": [task_arn]})[2])[
                "tasks"
            ][0]
            if task["lastStatus"] == "STOPPED":
                return dict(_pascal_case(task))
            time.sleep(POLL_S)
    except Aborted:
        reason = "Step Functions execution was aborted or timed out"
        ecs._stop_task({"cluster": cluster, "task": task_arn, "reason": reason})
        raise


def _failed(task: dict[str, Any]) -> bool:
    essential = ecs._tasks[task["TaskArn"]]["_container_essentials"]
    codes = [
        container.get("ExitCode") for container, counts in zip(task["Containers"], essential, strict=True) if counts
    ]
    return task.get("StopCode") == "TaskFailedToStart" or any(code != 0 for code in codes)


def call_item(action: str, resource: str, data: dict[str, Any]) -> Any:
    return call("dynamodb", action, data, "DynamoDB")


def call_lambda(function: str, event: Any) -> Any:
    try:
        answer = _client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except ClientError as error:
        details = error.response["Error"]
        raise states._ExecutionError(f"Lambda.{details['Code']}", details.get("Message", "")) from error
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise states._ExecutionError((payload or {}).get("errorType", "Lambda.Unknown"), json.dumps(payload))
    return payload


def refuse_sdk_integration(resource: str, data: Any) -> Any:
    raise states._ExecutionError("States.Runtime", f"{resource} is not offered by the local Step Functions")


def call(service: str, action: str, data: dict[str, Any], error_prefix: str) -> Any:
    """A signed call under the states role; members are spelled as in the state machine (`TaskDefinition`)."""
    client = _client(service)
    operation = action[0].upper() + action[1:]
    shape = client.meta.service_model.operation_model(operation).input_shape
    try:
        answer = getattr(client, xform_name(operation))(**_to_api(data, shape))
    except ClientError as error:
        raise _service_error(error, error_prefix) from error
    except ParamValidationError as error:
        raise states._ExecutionError("States.Runtime", str(error)) from error
    return _pascal_case({name: value for name, value in answer.items() if name != "ResponseMetadata"})


def _service_error(error: ClientError, prefix: str) -> Exception:
    code = error.response["Error"]["Code"]
    name = code if code.endswith(("Exception", "Error", "Fault")) else f"{code}Exception"
    status = error.response["ResponseMetadata"].get("HTTPStatusCode")
    message = f"{error.response['Error'].get('Message')} (Service: {prefix}, Status Code: {status})"
    failure: Exception = states._ExecutionError(f"{prefix}.{name}", message)
    return failure


_lock = threading.Lock()


def _client(service: str) -> Any:
    with _lock:  # making a client is not thread-safe
        return _client_of(service, states_role(), responses.get_region(), int(time.time() // CLIENT_LIFE_S))


@functools.cache
def _client_of(service: str, role: str, region: str, period: int) -> Any:
    session = role_session(role, "StepFunctions")
    return boto3.client(  # type: ignore[call-overload]  # the service is a variable
        service,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name=region,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.token,
        config=Config(retries={"max_attempts": 1}, read_timeout=INVOKE_TIMEOUT_S),
    )


def _to_api(value: Any, shape: Any, path: str = "$") -> Any:
    """Member names as the API spells them. A member that it does not know is an error, as on AWS."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {name[0].upper() + name[1:]: name for name in shape.members}
        for name in value:
            if name not in members:
                message = f"The field '{name}' is not supported by Step Functions at {path}"
                raise states._ExecutionError("States.Runtime", message)
        return {members[n]: _to_api(v, shape.members[members[n]], f"{path}.{n}") for n, v in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_api(item, shape.member, f"{path}[]") for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _to_api(item, shape.value, f"{path}.{name}") for name, item in value.items()}
    return value


def _pascal_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].upper() + name[1:]: _pascal_case(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_pascal_case(item) for item in value]
    if isinstance(value, datetime.datetime):
        return int(value.timestamp() * 1000)
    return value
