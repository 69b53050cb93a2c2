"""RunTask is authorised on the task definition, and iam:PassRole on every role that the task would run under.

ministack authorises it on the cluster, checks no PassRole and knows no condition key of ECS.
"""

import json
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

app = engine_module("app", "AUTH")
ecs = engine_module("services.ecs", "handle_request", "_resolve_td_key", "_task_defs")
iam_actions = engine_module("core.iam_actions", "extract_resource_arn", "access_denied_response", "request_tag_context")
iam_evaluator = engine_module("core.iam_evaluator", "enforce")
responses = engine_module("core.responses", "get_account_id", "get_region")
router = engine_module("core.router", "extract_access_key_id", "extract_region")

TASK_PRINCIPAL = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def install() -> None:
    wrap(iam_actions, "extract_resource_arn", on_task_definition)
    wrap(iam_actions, "request_tag_context", with_cluster_key)
    wrap(ecs, "handle_request", with_pass_role)


def on_task_definition(original: Any) -> Any:
    def resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, params: Any, *scope: Any
    ) -> str:
        definition = _named_definition(headers, body) if service == "ecs" else None
        if definition is not None:
            return str(definition["taskDefinitionArn"])
        return str(original(service, method, path, headers, body, params, *scope))

    return resource_arn


def with_cluster_key(original: Any) -> Any:
    """Adds the condition key `ecs:cluster`, an ARN, to the keys that come from a request's own fields."""

    def request_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = original(service, action, body, params)
        cluster = _field(body, "cluster") if service == "ecs" else None
        return {**keys, "ecs:cluster": _cluster_arn(cluster)} if cluster else keys

    return request_context


def with_pass_role(original: Any) -> Any:
    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, params: Any) -> Any:
        definition = _named_definition(headers, body) if app.AUTH else None
        denied = _denied_role(definition, headers, params) if definition is not None else None
        return denied or await original(method, path, headers, body, params)

    return handle_request


def _named_definition(headers: dict[str, str], body: bytes) -> dict[str, Any] | None:
    """The task definition that a RunTask request names, if this is one."""
    if not headers.get("x-amz-target", "").endswith(".RunTask"):
        return None
    name = _field(body, "taskDefinition") or ""
    definition: dict[str, Any] | None = ecs._task_defs.get(ecs._resolve_td_key(name))
    return definition


def _field(body: bytes, name: str) -> str | None:
    try:
        value = json.loads(body or b"{}").get(name)
    except (ValueError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def _cluster_arn(cluster: str) -> str:
    if cluster.startswith("arn:"):
        return cluster
    return f"arn:aws:ecs:{responses.get_region()}:{responses.get_account_id()}:cluster/{cluster}"


def _denied_role(definition: dict[str, Any], headers: dict[str, str], params: Any) -> Any:
    """The AccessDeniedException of the first role that the caller may not pass; None when it may pass all."""
    access_key = router.extract_access_key_id(headers, params) or ""
    region = router.extract_region(headers, params)
    named = {definition.get("taskRoleArn"), definition.get("executionRoleArn")}
    for role in sorted(str(role) for role in named if role):
        denied = iam_evaluator.enforce(
            access_key, "iam:PassRole", "iam", region, resource_arn=role, service_context=TASK_PRINCIPAL
        )
        if denied:
            principal = getattr(denied, "principal_arn", access_key)
            return iam_actions.access_denied_response(
                "ecs", "iam:PassRole", principal, "", headers=headers, resource_arn=role
            )
    return None
