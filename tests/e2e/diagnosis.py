"""What a failed test leaves behind for its reader: logs of functions and engine, dead letters, executions.

Newest knowledge last, because CI prints the end of a log.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.engine import REPOSITORY, Engine, EngineFailed

ARTEFACTS = REPOSITORY / "artefacts"
LOG_LINES = 25  # of each function
LINE_LENGTH = 1_000
UNREMARKABLE = ("StateExited", "TaskScheduled")  # event types of an execution


def diagnose(engine: Engine, test_name: str) -> None:
    """Writes artefacts/e2e-<test>.log. Never raises: the failure that it explains must stay the news."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"e2e-{re.sub('[^A-Za-z0-9_.-]+', '-', test_name)}.log"
    with path.open("w") as file:
        for section in (function_logs, engine_log, dead_letters, executions):
            file.write(f"\n===== {section.__name__.replace('_', ' ')}\n")
            file.writelines(line[:LINE_LENGTH] + "\n" for line in _attempted(section, engine))


def _attempted(section: Callable[[Engine], Iterator[str]], engine: Engine) -> Iterator[str]:
    try:
        yield from section(engine)
    except (BotoCoreError, ClientError, EngineFailed, OSError) as error:
        yield f"not to be had: {error}"


def function_logs(engine: Engine) -> Iterator[str]:
    """Also the container's, which come through the same service."""
    logs = engine.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        if events:
            yield f"--- {group['logGroupName']}"
            yield from (event["message"].rstrip() for event in events[-LOG_LINES:])


def engine_log(engine: Engine) -> Iterator[str]:
    yield from engine.log_tail().splitlines()


def dead_letters(engine: Engine) -> Iterator[str]:
    """Read without being taken out."""
    sqs = engine.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        if "DeadLetters" in url:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            yield from (f"{url.rsplit('/', 1)[-1]}: {letter['Body']}" for letter in answer.get("Messages", []))


def executions(engine: Engine) -> Iterator[str]:
    states = engine.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        for one in reversed(states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"][:5]):
            described = states.describe_execution(executionArn=one["executionArn"])
            yield f"--- {one['name']} {one['status']} {described['input']}"
            history = states.get_execution_history(executionArn=one["executionArn"])["events"]
            yield from (_event_line(event) for event in history if not event["type"].endswith(UNREMARKABLE))


def _event_line(event: dict[str, Any]) -> str:
    details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    told = [details[name] for name in ("name", "error") if name in details]
    told += [_shortened(details["cause"])] if "cause" in details else []
    return f"{event['timestamp']:%H:%M:%S.%f} {event['type']} {' '.join(told)}"


def _shortened(cause: str) -> str:
    """Of a task's description, what says how it ended."""
    try:
        task = json.loads(cause)
    except ValueError:
        return cause
    codes = [container.get("ExitCode") for container in task.get("Containers", [])]
    return f"{task['StopCode']}: {task['StoppedReason']}, exit codes {codes}" if "StopCode" in task else cause
