"""The API of uploads over fakes, authorizer included: what a server with a key and a device with a token get."""

import json
from typing import Any, NamedTuple

import pytest

from functions.api_uploads import handler, part_routes
from functions.authorizer import handler as authorizer
from sluice.domain.ids import Prefix
from sluice.domain.intake import Checksum, IntakePolicy, IntakeRules
from sluice.domain.parts import MIB
from sluice.domain.upload import Upload
from sluice.service import tenants
from sluice.service.identity import Identifier
from sluice.service.ports import Create
from tests.fakes.gateway import LambdaContext, request
from tests.unit.world import Who, World

SIZE = 20 * MIB  # three parts


class Call(NamedTuple):
    method: str
    path: str
    body: Any = None
    credential: str | None = None  # None: the tenant's own key
    origin: str | None = None


class Service:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        identifier = Identifier(
            environment="dev",
            pepper=b"pepper",
            upload_token_key=self.world.ports.token_key,
            records=self.world.records,
            now=self.world.now,
        )
        tenant_id, self.key = self.new_tenant()
        _, self.foreign_key = self.new_tenant()
        self.world.caller = Who(tenant_id, "req-1", "cor-1")
        monkeypatch.setattr(authorizer, "deps", lambda: identifier)
        monkeypatch.setattr(handler, "deps", lambda: self.world.ports)
        monkeypatch.setattr(part_routes.time, "sleep", self.meanwhile)

    def meanwhile(self, _: float) -> None:
        """What queue and S3 event do while a completion waits."""
        for _tenant_id, upload_id in self.world.queue.sent:
            self.world.run_completion(self.stored(upload_id))
            self.world.accept(self.stored(upload_id))
        self.world.queue.sent.clear()

    def new_tenant(self) -> tuple[str, str]:
        """Its id and a key."""
        records, new_id, now = self.world.records, self.world.new_id, self.world.now
        tenant = tenants.create_tenant(name="Acme", records=records, new_id=new_id, now=now)
        issued = tenants.create_key(
            tenant_id=tenant.id,
            name="test",
            scopes=["uploads:write"],
            life=None,
            environment="dev",
            pepper=b"pepper",
            records=records,
            new_id=new_id,
            now=now,
            random_bytes=lambda size: b"r" * size,
        )
        return tenant.id, issued.text

    def __call__(self, call: Call) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {call.credential or self.key}"}
        if call.origin:
            headers["origin"] = call.origin
        found = authorizer.lambda_handler({"headers": headers}, LambdaContext())["context"]
        event = request(call.method, call.path, body=call.body, headers=headers, authorizer=found)
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    def reserve(self, **fields: Any) -> dict[str, Any]:
        status, slot = self(Call("POST", "/v1/uploads", {"size_bytes": SIZE, **fields}))
        assert status == 201, slot
        return dict(slot)

    def stored(self, upload_id: str) -> Upload:
        upload = self.world.records.upload(self.world.caller.tenant_id, upload_id)
        assert upload is not None
        return upload

    def sent(self, **fields: Any) -> dict[str, Any]:
        """Reserved, and all parts stored."""
        slot = self.reserve(**fields)
        self.world.put_parts(self.stored(slot["upload_id"]))
        return slot

    def joined(self, **fields: Any) -> tuple[dict[str, Any], Checksum]:
        """Complete; with the checksum that S3 found."""
        slot = self.sent(**fields)
        checksum = self.world.objects.whole_checksum(self.stored(slot["upload_id"]).multipart_id)
        status, view = self(complete(slot))
        assert (status, view["state"]) == (200, "complete")
        return slot, checksum

    def policy(self, **rules: Any) -> str:
        made = IntakePolicy(
            id=self.world.new_id(Prefix.INTAKE_POLICY),
            tenant_id=self.world.caller.tenant_id,
            name="phones",
            rules=IntakeRules.model_validate(rules),
            created_at=self.world.now(),
            updated_at=self.world.now(),
        )
        self.world.records.commit(Create(made))
        return made.id


def on(slot: dict[str, Any], method: str, action: str = "", body: Any = None, credential: str | None = None) -> Call:
    return Call(method, f"/v1/uploads/{slot['upload_id']}{action}", body, credential)


def complete(slot: dict[str, Any], **body: Any) -> Call:
    return on(slot, "POST", "/complete", body or None)


def sign(slot: dict[str, Any], *numbers: int, **more: Any) -> Call:
    return on(slot, "POST", "/parts", {"part_numbers": numbers, **more})


def new_token(slot: dict[str, Any]) -> Call:
    return on(slot, "POST", "/token", {})


def listing(slot: dict[str, Any]) -> Call:
    return on(slot, "GET", "/parts")


def abort(slot: dict[str, Any]) -> Call:
    return on(slot, "DELETE")


def every_call(slot: dict[str, Any], credential: str) -> list[Call]:
    """All that a token opens."""
    calls = [on(slot, "GET"), sign(slot, 1), listing(slot), complete(slot), abort(slot)]
    return [call._replace(credential=credential) for call in calls]
