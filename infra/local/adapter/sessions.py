"""Short-lived credentials of a role, as the engine's own STS would have issued them."""

import time
from dataclasses import dataclass
from typing import Any

from infra.local.adapter.symbols import engine_module

iam = engine_module("services.iam", "_gen_session_access_key", "_gen_secret", "_gen_session_token")
sts = engine_module("services.sts", "register_session")

LIFE_S = 3600


@dataclass(frozen=True)
class RoleSession:
    access_key_id: str
    secret_access_key: str
    token: str
    expires_at: float  # seconds since the epoch


def role_session(role_arn: str, session_name: str) -> RoleSession:
    """Assume `role_arn` without a trust check: only for principals that AWS itself would assume it for."""
    account = role_arn.split(":")[4]
    role = role_arn.rsplit("/", 1)[-1]
    session = RoleSession(
        access_key_id=iam._gen_session_access_key(),
        secret_access_key=iam._gen_secret(),
        token=iam._gen_session_token(),
        expires_at=time.time() + LIFE_S,
    )
    record: dict[str, Any] = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session_name}",
        "UserId": f"{role}:{session_name}",
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.token,
        "Expiration": session.expires_at,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(session.access_key_id, record)
    return session
