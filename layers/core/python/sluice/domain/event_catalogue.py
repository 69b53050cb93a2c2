"""Every type of event: the one place to add one.

A new type is a member of EventType and its line in CATALOGUE; `make openapi` then writes its schema, and the table in
docs/webhooks.md says when it is sent.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sluice.domain.errors import ErrorClass
from sluice.domain.event_payloads import (
    AssetPayload,
    DuplicatePayload,
    EndpointDisabledPayload,
    Failure,
    Payload,
    ThumbnailPayload,
)
from sluice.domain.states import AssetState as A


class EventType(StrEnum):
    UPLOAD_CREATED = "upload.created"
    UPLOAD_COMPLETE = "upload.complete"
    UPLOAD_EXPIRED = "upload.expired"
    UPLOAD_ABORTED = "upload.aborted"
    UPLOAD_DUPLICATE = "upload.duplicate"
    ASSET_CREATED = "asset.created"
    ASSET_PLAYABLE = "asset.playable"
    ASSET_UPDATED = "asset.updated"
    ASSET_DELETED = "asset.deleted"
    TRANSCODE_STARTED = "transcode.started"
    TRANSCODE_READY = "transcode.ready"
    TRANSCODE_FAILED = "transcode.failed"
    THUMBNAIL_READY = "thumbnail.ready"
    THUMBNAIL_FAILED = "thumbnail.failed"
    ERROR_PROCESSING = "error.processing"
    WEBHOOK_ENDPOINT_DISABLED = "webhook.endpoint.disabled"


class Definition(NamedTuple):
    description: str
    example: Payload  # its class is what `data` is
    states: tuple[A, ...] = ()  # that the asset can be in then; none: any, or the event is of no asset


JOB = "job_01m827q0ahda7t0c3y2feeevb8"
NOT_VIDEO = Failure(
    code="input.not_video", error_class=ErrorClass.INPUT, retryable=False, message="The file is not a video."
)


THUMBNAIL = "thm_01m828c5v2d0k7m4n9r3s6t8wy"
NOT_PICTURE = Failure(
    code="input.not_picture",
    error_class=ErrorClass.INPUT,
    retryable=False,
    message="The file is not a JPEG picture that can be read.",
)


def _example(state: A, previous: A, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "asset_id": "ast_01m827pqg7h12y81tncc8mn8q7",
        "upload_id": "upl_01m827pqf3nvezpf65j28y54qv",
        "job_id": None,
        "playback_ids": ("plb_01m827pqg7h12y81tncc8mn8q6",),
        "state": state,
        "previous_state": previous,
        "external_id": "film-1",
        "review": None,
        "error": None,
    }
    return fields | changes


def _when(description: str, state: A, previous: A, **changes: Any) -> Definition:
    """Of a type that always leaves the asset in one state."""
    return Definition(description, AssetPayload(**_example(state, previous, **changes)), (state,))


CATALOGUE: Mapping[EventType, Definition] = {
    EventType.ASSET_CREATED: _when("An upload was reserved, and its asset with it.", A.CREATED, A.CREATED),
    EventType.UPLOAD_CREATED: _when("An upload was reserved.", A.CREATED, A.CREATED),
    EventType.ASSET_UPDATED: Definition(
        "The asset changed in a way that has no type of its own.", AssetPayload(**_example(A.INGESTING, A.CREATED))
    ),
    EventType.UPLOAD_COMPLETE: _when("The object is whole, and a job exists.", A.UPLOADED, A.INGESTING, job_id=JOB),
    EventType.UPLOAD_EXPIRED: _when("The upload was not completed in time.", A.DELETED, A.INGESTING),
    EventType.UPLOAD_ABORTED: _when("The upload was given up.", A.DELETED, A.INGESTING),
    EventType.UPLOAD_DUPLICATE: Definition(
        "The file is the same as one that this creator uploaded before.",
        DuplicatePayload(**_example(A.UPLOADED, A.UPLOADED, job_id=JOB, duplicate_of="ast_01m827dkhe5r8yq5g2n9d3v7ac")),
    ),
    EventType.ASSET_DELETED: _when("Not sent yet: assets cannot be deleted.", A.DELETED, A.READY, job_id=JOB),
    EventType.TRANSCODE_STARTED: _when("The first task of a job began.", A.PROCESSING, A.UPLOADED, job_id=JOB),
    EventType.ASSET_PLAYABLE: _when(
        "The asset can be played in one rendition; the others follow.", A.PROCESSING, A.PROCESSING, job_id=JOB
    ),
    EventType.TRANSCODE_READY: _when("The asset can be played.", A.READY, A.PROCESSING, job_id=JOB),
    EventType.TRANSCODE_FAILED: _when(
        "The asset failed to be transcoded again, and its version stays.",
        A.READY,
        A.PROCESSING,
        job_id=JOB,
        error=NOT_VIDEO,
    ),
    EventType.ERROR_PROCESSING: _when(
        "The asset failed; `data.error` says why.", A.FAILED, A.PROCESSING, job_id=JOB, error=NOT_VIDEO
    ),
    EventType.THUMBNAIL_READY: Definition(
        "A picture that was chosen or sent is made.",
        ThumbnailPayload(**_example(A.READY, A.READY, job_id=JOB, thumbnail_id=THUMBNAIL, shown=True)),
    ),
    EventType.THUMBNAIL_FAILED: Definition(
        "A picture that was chosen or sent could not be made; `data.error` says why, and the poster stays.",
        ThumbnailPayload(
            **_example(A.READY, A.READY, job_id=JOB, thumbnail_id=THUMBNAIL, shown=False, error=NOT_PICTURE)
        ),
    ),
    EventType.WEBHOOK_ENDPOINT_DISABLED: Definition(
        "An endpoint was switched off: it answered 410, or every attempt of five days failed.",
        EndpointDisabledPayload(
            webhook_id="whk_01m827rwpq3v5g2x0c4t8k9abe", reason="failing", failing_since="2026-11-26T09:58:12.480Z"
        ),
    ),
}
