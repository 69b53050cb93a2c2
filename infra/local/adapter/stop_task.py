"""StopTask as on AWS: the containers get SIGTERM, then SIGKILL after `stopTimeout`, and report their true exit codes.

ministack marks the task STOPPED with exit code 0 before it stops anything.
"""

import contextvars
import threading
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

ecs = engine_module(
    "services.ecs",
    "_ACTION_MAP",
    "_cleanup_task_resources",
    "_docker",
    "_mark_task_stopped",
    "_resolve_cluster_name",
    "_resolve_task",
    "_resolve_td_key",
    "_sanitize",
    "_stop_task",
    "_task_defs",
)
responses = engine_module("core.responses", "json_response")

STOP_REASON = "_sluice_stop_reason"  # on the task record: somebody asked for the stop, whoever sees the exit first
DEFAULT_STOP_TIMEOUT_S = 30  # of ECS, when the container definition has none


def install() -> None:
    wrap(ecs, "_mark_task_stopped", with_requested_reason)
    wrap(ecs, "_stop_task", with_true_exit_codes)
    ecs._ACTION_MAP["StopTask"] = ecs._stop_task


def with_requested_reason(original: Any) -> Any:
    """The watcher may see the exit before the stop is done; the reason is the request's all the same."""

    def mark_stopped(
        task_arn: str, task: dict[str, Any], reason: str, stop_code: str, exit_code: int | None = None
    ) -> bool:
        if STOP_REASON in task:
            reason, stop_code = task[STOP_REASON], "UserInitiated"
        stopped: bool = original(task_arn, task, reason, stop_code, exit_code=exit_code)
        return stopped

    return mark_stopped


def with_true_exit_codes(original: Any) -> Any:
    def stop_task(data: dict[str, Any]) -> Any:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
        if not task or task["lastStatus"] != "RUNNING" or STOP_REASON in task:
            return original(data) if not task or STOP_REASON not in task else _stopping(task)
        task[STOP_REASON] = data.get("reason", "Task stopped by user")
        run = contextvars.copy_context().run  # keeps account and region
        threading.Thread(target=run, args=(_stop_containers, task), daemon=True).start()
        return _stopping(task)

    return stop_task


def _stopping(task: dict[str, Any]) -> Any:
    return responses.json_response({"task": {**ecs._sanitize(task), "desiredStatus": "STOPPED"}})


def _stop_containers(task: dict[str, Any]) -> None:
    definition = ecs._task_defs[ecs._resolve_td_key(task["taskDefinitionArn"])]
    for index, container_id in enumerate(list(task.get("_docker_ids") or [])):
        container = _running_container(container_id)
        if container is None:
            continue
        container.stop(timeout=definition["containerDefinitions"][index].get("stopTimeout", DEFAULT_STOP_TIMEOUT_S))
        task["containers"][index]["exitCode"] = container.wait()["StatusCode"]
    if ecs._mark_task_stopped(task["taskArn"], task, task[STOP_REASON], "UserInitiated"):
        ecs._cleanup_task_resources(task, ecs._docker)


def _running_container(container_id: str) -> Any:
    try:
        return ecs._docker.containers.get(container_id)
    except KeyError:
        return None
