"""Operator commands, told apart by `command`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from sluice.domain.errors import FieldError, InvalidRequest

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


def read(event: dict[str, Any]) -> Command:
    """Raises InvalidRequest naming every bad field."""
    try:
        return COMMANDS.validate_python(event)
    except ValidationError as error:
        fields = [
            FieldError("/" + "/".join(str(part) for part in found["loc"][1:]), found["type"], found["msg"])
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidRequest(errors=tuple(fields)) from error
