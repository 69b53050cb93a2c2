"""Answers about events: the catalogue, and the timeline of an asset."""

import json
from typing import Any, Self

from pydantic import Field

from sluice.domain.audit import AuditRecord
from sluice.domain.denials import Denial
from sluice.domain.event_catalogue import CATALOGUE, EventType
from sluice.domain.event_schemas import example_of, schema_of
from sluice.domain.events import API_VERSION, Event
from sluice.domain.models import Delivery, JobResult
from sluice.domain.states import DeliveryState, JobState
from sluice.http import FailureView, ResponseBody, Timestamp
from sluice.service.timeline import Entry, JobHistory, Kind


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


class AuditView(ResponseBody):
    audit_id: str
    actor: str = Field(description="Id of the API key; `upload_token`: who held the upload's own token.")
    action: str
    upload_id: str | None
    job_id: str | None
    request_id: str
    correlation_id: str

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        return cls(
            audit_id=record.id,
            actor=record.actor,
            action=record.action,
            upload_id=record.upload_id,
            job_id=record.job_id,
            request_id=record.request_id,
            correlation_id=record.correlation_id,
        )


class DenialView(ResponseBody):
    reason: str
    count: int = Field(description="At least so many within the minute that begins at `at`.")
    last_at: Timestamp
    request_id: str = Field(description="Of the last; its answer carried it as `X-Request-Id`.")
    session_id: str | None = Field(description="The last that was known: a token that is not ours names none.")

    @classmethod
    def of(cls, denial: Denial) -> Self:
        return cls(
            reason=denial.reason,
            count=denial.count,
            last_at=denial.last_at,
            request_id=denial.request_id,
            session_id=denial.session_id,
        )


class TimelineView(ResponseBody):
    """One of the fields behind `kind` is not null: the one that it names."""

    at: Timestamp = Field(description="When it happened, or was made; it is shown as it is now.")
    kind: Kind
    event: dict[str, Any] | None = Field(description="As webhooks carry it.")
    job: JobHistoryView | None
    delivery: SentView | None
    audit: AuditView | None = Field(description="Who asked for a change over the API.")
    denial: DenialView | None = Field(description="Viewers who were refused.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        what = entry.what
        return cls(
            at=entry.at,
            kind=entry.kind,
            event=json.loads(what.body) if isinstance(what, Event) else None,
            job=JobHistoryView.of(what) if isinstance(what, JobHistory) else None,
            delivery=SentView.of(what) if isinstance(what, Delivery) else None,
            audit=AuditView.of(what) if isinstance(what, AuditRecord) else None,
            denial=DenialView.of(what) if isinstance(what, Denial) else None,
        )
