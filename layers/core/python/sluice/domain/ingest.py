"""A batch of sources to fetch, once all of them were decided."""

from datetime import datetime

from sluice.domain.errors import FieldError, SluiceError
from sluice.domain.models import Model

LONGEST = 150  # characters of a detail, and
MOST_FIELDS = 3  # fields: a thousand refusals are one row, which has 400 KB


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


class IngestBatch(Model):
    """Written last: where it exists, every source was taken, under the id that its place gives it, or refused."""

    id: str
    tenant_id: str
    size: int  # sources that were asked for
    refusals: tuple[Refusal, ...]
    created_at: datetime
    version: int = 1
