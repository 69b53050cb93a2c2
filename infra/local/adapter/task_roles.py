"""The credentials endpoint of a task answers with a session of its own task role.

ministack answers every task with keys that belong to nobody. The endpoint is read with the authorization token that
only this task's containers were given.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from infra.local.adapter.sessions import role_session
from infra.local.adapter.symbols import engine_module, wrap

ecs = engine_module("services.ecs", "_register_metadata")
imds = engine_module("services.imds", "handle_request", "_json_resp", "_unauthorized", "_not_found")

PREFIX = "/v2/credentials/"


@dataclass(frozen=True)
class TaskIdentity:
    role_arn: str
    task_id: str
    authorization: str


def install() -> None:
    identities: dict[str, TaskIdentity] = {}
    wrap(ecs, "_register_metadata", lambda original: remembering(original, identities))
    wrap(imds, "handle_request", lambda original: answering(original, identities))


def remembering(original: Any, identities: dict[str, TaskIdentity]) -> Any:
    def register(
        task_arn: str, cluster_arn: str, definition: Any, container: Any, launch_type: str, env: Any, *rest: Any
    ) -> Any:
        token = original(task_arn, cluster_arn, definition, container, launch_type, env, *rest)
        role = definition.get("taskRoleArn")
        if role:
            credentials_id = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"].rsplit("/", 1)[-1]
            identities[credentials_id] = TaskIdentity(
                role, task_arn.rsplit("/", 1)[-1], env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            )
        return token

    return register


def answering(original: Any, identities: dict[str, TaskIdentity]) -> Any:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        if not path.startswith(PREFIX):
            return await original(method, path, headers, body, query_params)
        identity = identities.get(path.removeprefix(PREFIX).rstrip("/"))
        if identity is None:
            return imds._not_found()
        if headers.get("authorization") != identity.authorization:
            return imds._unauthorized()
        return imds._json_resp(credentials(identity))

    return handle_request


def credentials(identity: TaskIdentity) -> dict[str, str]:
    session = role_session(identity.role_arn, identity.task_id)
    expires = datetime.datetime.fromtimestamp(session.expires_at, datetime.UTC)
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "RoleArn": identity.role_arn,
    }
