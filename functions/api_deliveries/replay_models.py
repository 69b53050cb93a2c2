"""Bodies of the replay routes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from sluice.domain.replays import Counts, Replay, Selection
from sluice.http import RequestBody, ResponseBody, Timestamp
from sluice.service.replays import select

Glob = Annotated[str, Field(min_length=1, max_length=100)]


class ReplayWebhook(RequestBody):
    """Either `event_ids`, or `since` with or without `until`."""

    event_ids: tuple[Annotated[str, Field(max_length=40)], ...] = Field((), max_length=1000)
    since: AwareDatetime | None = Field(None, description="Events from this time on.")
    until: AwareDatetime | None = Field(None, description="Events before this time; now, if it is left out.")
    types: tuple[Glob, ...] = Field(
        ("*",),
        min_length=1,
        max_length=20,
        description="As `event_types` of a webhook. `*` alone: all deliveries, and new ones as its `event_types` say.",
    )
    only_failed: bool = Field(False, description="Dead deliveries only.")
    dry_run: bool = Field(False, description="Count only.")

    def selection(self, now: datetime) -> Selection:
        return select(
            event_ids=self.event_ids,
            since=self.since,
            until=self.until,
            types=self.types,
            only_failed=self.only_failed,
            now=now,
        )


class ReplayView(ResponseBody):
    replay_id: str | None = Field(description="Null: a dry run.")
    webhook_id: str
    status: Literal["dry_run", "running", "completed", "stopped"] = Field(
        description="completed: all are queued. stopped: the webhook was switched off."
    )
    matched: int = Field(description="What is to be sent, as counted at the start.")
    sent: int = Field(description="Queued so far.")
    skipped: int = Field(description="They were on their way already.")
    missing: int = Field(description="Of `event_ids`: no delivery to this webhook is stored, and none was made.")
    created_at: Timestamp | None
    updated_at: Timestamp | None

    @classmethod
    def of(cls, replay: Replay) -> "ReplayView":
        return cls(
            replay_id=replay.id,
            webhook_id=replay.webhook_id,
            status=replay.state.value,
            matched=replay.matched,
            **replay.counts.model_dump(),
            created_at=replay.created_at,
            updated_at=replay.updated_at,
        )

    @classmethod
    def dry(cls, webhook_id: str, found: Counts) -> "ReplayView":
        return cls(
            replay_id=None,
            webhook_id=webhook_id,
            status="dry_run",
            matched=found.sent,
            sent=0,
            skipped=0,
            missing=found.missing,
            created_at=None,
            updated_at=None,
        )
