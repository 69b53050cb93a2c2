"""Operator commands, told apart by `command`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CreateTenant(Order):
    command: Literal["create_tenant"]
    name: Name


class CreateKey(Order):
    command: Literal["create_key"]
    tenant_id: str
    scopes: list[str]
    name: Name = "default"
    expires_in_days: Annotated[int, Field(ge=1, le=3_650)] | None = None


class Redrive(Order):
    command: Literal["redrive"]


Command = CreateTenant | CreateKey | Redrive
COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="command")])
