"""An operator's commands, invoked directly (see infra/operate.py); IAM decides who may.

In: `{command, ...}` of models.py. Out: the command's result, or `{"error": {code, message, retryable, errors}}`.
"""

import logging
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any

from functions.operate.models import Command, CreateKey, CreateTenant, Redrive, read
from sluice import bootstrap
from sluice.config import OperateSettings
from sluice.domain.errors import SluiceError
from sluice.observability import observed
from sluice.service import redelivery, tenants

logger = logging.getLogger(__name__)


@cache
def deps() -> bootstrap.Operate:
    return bootstrap.operate(OperateSettings.from_env())


@observed("operate")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        command = read(event)
        result = run(command)
    except SluiceError as error:
        logger.info("command_refused", extra={"code": error.code})
        errors = [field._asdict() for field in error.errors]
        failure = {"code": error.code, "message": error.detail, "retryable": error.retryable, "errors": errors}
        return {"error": failure}
    logger.info("command_done", extra={"command": command.command})
    return result


def run(command: Command) -> dict[str, Any]:
    d = deps()
    match command:
        case CreateTenant(name=name):
            tenant = tenants.create_tenant(name=name, records=d.records, new_id=d.new_id, now=d.now)
            return {"tenant_id": tenant.id, "name": tenant.name}
        case CreateKey():
            return create_key(command)
        case Redrive():
            done = redelivery.redrive(records=d.records, queue=d.queue, dead_letters=d.dead_letters, now=d.now)
            return asdict(done)


def create_key(command: CreateKey) -> dict[str, Any]:
    d = deps()
    key, text = tenants.create_key(
        tenant_id=command.tenant_id,
        name=command.name,
        scopes=command.scopes,
        life=timedelta(days=command.expires_in_days) if command.expires_in_days else None,
        environment=d.environment,
        pepper=d.pepper(),
        records=d.records,
        new_id=d.new_id,
        now=d.now,
        random_bytes=d.random_bytes,
    )
    expires_at = key.expires_at.isoformat() if key.expires_at else None
    return {"key_id": key.id, "tenant_id": key.tenant_id, "scopes": key.scopes, "expires_at": expires_at, "key": text}
