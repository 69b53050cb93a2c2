"""`ECS Task State Change` events on the default bus, which ministack does not send."""

import json
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

ecs = engine_module("services.ecs", "_mark_task_pending", "_mark_task_running", "_mark_task_stopped", "_sanitize")
eventbridge = engine_module("services.eventbridge", "_put_events")


def install() -> None:
    for transition in ("_mark_task_pending", "_mark_task_running", "_mark_task_stopped"):
        wrap(ecs, transition, with_event)


def with_event(original: Any) -> Any:
    def mark(task_arn: str, task: dict[str, Any], *arguments: Any, **options: Any) -> bool:
        changed: bool = original(task_arn, task, *arguments, **options)
        if changed:
            emit(task)
        return changed

    return mark


def emit(task: dict[str, Any]) -> None:
    entry = {
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Detail": json.dumps(ecs._sanitize(task), default=str),
        "Resources": [task["taskArn"], task["clusterArn"]],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
