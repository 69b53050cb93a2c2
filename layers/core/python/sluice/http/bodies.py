"""Parents of request and response models. They are never domain models: `functions/<name>/models.py` maps by hand."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

T = TypeVar("T")


class RequestBody(BaseModel):
    """Unknown fields are refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def without_defaults(schema: dict[str, Any]) -> None:
    """For bodies that change part of a resource, as `json_schema_extra`.

    A client that was generated from the document must not fill in, and so reset, what its user left out.
    """
    for field in schema["properties"].values():
        field.pop("default", None)


class ResponseBody(BaseModel):
    """Clients must ignore fields that they do not know; new ones may come at any time."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds: 2026-12-01T10:00:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Page(ResponseBody, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    data: list[T]
    next_cursor: str | None


class Failure(Protocol):
    """What `FailureView` shows: the shape of `domain.models.ErrorInfo`."""

    @property
    def code(self) -> str: ...
    @property
    def error_class(self) -> str: ...
    @property
    def retryable(self) -> bool: ...
    @property
    def message(self) -> str: ...


class FailureView(ResponseBody):
    """Why an asset, upload or job failed."""

    code: str = Field(description="Stable, for example `input.not_video`.")
    error_class: str = Field(alias="class", description="input | config | provider; we retry only provider.")
    retryable: bool
    message: str

    @classmethod
    def of(cls, error: Failure | None) -> Self | None:
        if error is None:
            return None
        return cls.model_validate(
            {"code": error.code, "class": error.error_class, "retryable": error.retryable, "message": error.message}
        )
