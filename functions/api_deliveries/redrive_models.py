"""Bodies of the redrive of dead letters."""

from pydantic import AwareDatetime, Field

from functions.api_deliveries.replay_models import Glob
from sluice.domain.redrives import DeadFilter
from sluice.http import RequestBody, ResponseBody
from sluice.service.redrives import Redriven, narrow


class RedriveDeadLetters(RequestBody):
    """At least one of `webhook_id`, `types`, `since` and `until`; all that are given must hold."""

    webhook_id: str | None = Field(None, description="Of this webhook; else of all that are switched on.")
    types: tuple[Glob, ...] | None = Field(
        None, min_length=1, max_length=20, description="As `event_types` of a webhook."
    )
    since: AwareDatetime | None = Field(None, description="Events from this time on.")
    until: AwareDatetime | None = Field(None, description="Events before this time.")
    dry_run: bool = Field(False, description="Count only.")
    cursor: str | None = Field(None, description="`next_cursor` of the call before, with the same filter.")

    def filter(self) -> DeadFilter:
        return narrow(webhook_id=self.webhook_id, types=self.types, since=self.since, until=self.until)


class RedrivenView(ResponseBody):
    matched: int = Field(description="Of the dead letters that this call looked at: 100 at most.")
    redriven: int = Field(description="Queued, a hundred a minute; 0 of a dry run.")
    more: bool = Field(description="There are more dead letters to look at: ask again with the cursor.")
    next_cursor: str | None

    @classmethod
    def of(cls, done: Redriven) -> "RedrivenView":
        return cls(matched=done.matched, redriven=done.sent, more=done.cursor is not None, next_cursor=done.cursor)
