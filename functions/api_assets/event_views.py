"""Answers about events: the catalogue, and the timeline of an asset."""

import json
from typing import Any, Literal, Self

from pydantic import Field

from sluice.domain.event_catalogue import CATALOGUE, EventType
from sluice.domain.event_schemas import example_of, schema_of
from sluice.domain.events import API_VERSION, Event
from sluice.domain.models import Delivery, JobResult
from sluice.domain.states import DeliveryState, JobState
from sluice.http import FailureView, ResponseBody, Timestamp
from sluice.service.timeline import Entry, JobHistory


class EventTypeView(ResponseBody):
    type: str
    version: str = Field(description="`api_version` of its events: within one, fields are only ever added.")
    description: str
    body_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema (2020-12) of the whole body.")
    example: dict[str, Any]

    @classmethod
    def of(cls, event_type: EventType) -> Self:
        return cls(
            type=event_type,
            version=API_VERSION,
            description=CATALOGUE[event_type].description,
            body_schema=schema_of(event_type),
            example=example_of(event_type),
        )


class JobAttemptView(ResponseBody):
    attempt: int
    outcome: str = Field(description="succeeded | failed | interrupted | chunked: it left the work to many.")
    error: FailureView | None
    ended_at: Timestamp

    @classmethod
    def of(cls, result: JobResult) -> Self:
        error = FailureView.of(result.error)
        return cls(attempt=result.attempt, outcome=result.outcome, error=error, ended_at=result.created_at)


class JobHistoryView(ResponseBody):
    job_id: str
    state: JobState
    attempt: int = Field(description="0 until a task has started.")
    attempts: list[JobAttemptView] = Field(description="Those that left a word of their own, oldest first.")
    error: FailureView | None
    started_at: Timestamp | None
    finished_at: Timestamp | None

    @classmethod
    def of(cls, history: JobHistory) -> Self:
        job = history.job
        return cls(
            job_id=job.id,
            state=job.state,
            attempt=job.attempt,
            attempts=[JobAttemptView.of(result) for result in history.attempts],
            error=FailureView.of(job.error),
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class SentView(ResponseBody):
    webhook_id: str
    event_id: str
    event_type: str
    status: DeliveryState
    attempt_count: int
    last_status: int | None
    next_attempt_at: Timestamp | None = Field(description="Of one that is `retrying`.")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            status=delivery.state,
            attempt_count=delivery.attempts,
            last_status=delivery.last_status,
            next_attempt_at=delivery.retry_at,
        )


class TimelineView(ResponseBody):
    """One of the three is not null: the one that `kind` names."""

    at: Timestamp = Field(description="When it happened, or was made; it is shown as it is now.")
    kind: Literal["event", "job", "delivery"]
    event: dict[str, Any] | None = Field(description="As webhooks carry it.")
    job: JobHistoryView | None
    delivery: SentView | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        event = json.loads(entry.what.body) if isinstance(entry.what, Event) else None
        job = JobHistoryView.of(entry.what) if isinstance(entry.what, JobHistory) else None
        delivery = SentView.of(entry.what) if isinstance(entry.what, Delivery) else None
        return cls(at=entry.at, kind=entry.kind, event=event, job=job, delivery=delivery)
