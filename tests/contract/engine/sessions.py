"""Clients that act as a role."""

from typing import Any

from infra.local.engine import Engine


def assumed(engine: Engine, role_arn: str, service: str, **options: Any) -> Any:
    session = engine.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="contract")["Credentials"]
    return engine.client(
        service,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        **options,
    )
