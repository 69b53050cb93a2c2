"""The setting that lists registered webhook targets, as data."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

# No FIFO queue: deliveries come in any order, and its five-minute memory would drop what was sent again.
_TARGET_ARN = (
    r"^arn:aws[a-z-]*:(sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}"
    r"|events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256})$"
)


class RegisteredTarget(BaseModel):
    """An SQS queue or an EventBridge bus that events are sent to, and whose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arn: Annotated[str, Field(pattern=_TARGET_ARN)]
    tenants: (
        Annotated[tuple[Annotated[str, Field(pattern=r"^ten_[0-9a-z]{26}$")], ...], Field(min_length=1)] | Literal["*"]
    )


def read_targets(setting: str) -> dict[str, RegisteredTarget]:
    """By alias. Raises pydantic.ValidationError, a ValueError."""
    alias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    return TypeAdapter(dict[alias, RegisteredTarget]).validate_json(setting)
