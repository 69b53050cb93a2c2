"""A batch of sources to fetch, once all of them were decided."""

from collections.abc import Sequence
from datetime import datetime

from sluice.domain.errors import FieldError, SluiceError
from sluice.domain.models import Model

LONGEST = 150  # characters of a detail, and
MOST_FIELDS = 3  # fields of one refusal
MOST_STORED = 300_000  # bytes of a batch's refusals: they are one row, which has 400 KB


class Refusal(Model):
    """Why one source of a batch was not taken."""

    index: int  # from 0
    code: str
    detail: str
    retryable: bool
    errors: tuple[FieldError, ...] = ()

    @classmethod
    def of(cls, index: int, error: SluiceError) -> "Refusal":
        fields = tuple(
            FieldError(field.pointer[:LONGEST], field.code, field.detail[:LONGEST])
            for field in error.errors[:MOST_FIELDS]
        )
        return cls(
            index=index, code=error.code, detail=error.detail[:LONGEST], retryable=error.retryable, errors=fields
        )


def fitting(refusals: Sequence[Refusal]) -> list[Refusal]:
    """As they can be stored, and so as they are shown: without their fields where these would be too much."""
    if sum(len(refusal.model_dump_json().encode()) for refusal in refusals) <= MOST_STORED:
        return list(refusals)
    return [refusal.model_copy(update={"errors": ()}) for refusal in refusals]


class IngestBatch(Model):
    """Written last: where it exists, every source was taken, under the id that its place gives it, or refused."""

    id: str
    tenant_id: str
    size: int  # sources that were asked for
    refusals: tuple[Refusal, ...]
    created_at: datetime
    version: int = 1
