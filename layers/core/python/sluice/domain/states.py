"""State machines: one table of legal edges each. A state changes through `check_edge` or not at all."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from sluice.domain.errors import InvalidTransition


class AssetState(StrEnum):
    CREATED = "created"  # slot reserved, no byte seen
    INGESTING = "ingesting"  # first part signed
    UPLOADED = "uploaded"  # object complete and checked
    PROCESSING = "processing"  # a job runs
    READY = "ready"
    ARCHIVED = "archived"
    FAILED = "failed"
    DELETED = "deleted"  # tombstone


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETING = "completing"
    COMPLETE = "complete"
    EXPIRED = "expired"
    ABORTED = "aborted"
    FAILED = "failed"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    PENDING = "pending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    DEAD = "dead"


class ThumbnailState(StrEnum):
    PENDING = "pending"  # the picture is to be sent, or made
    READY = "ready"
    FAILED = "failed"


class ReplayState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"  # every delivery is queued again; what becomes of each is its own state
    STOPPED = "stopped"  # its endpoint was switched off or deleted


A, U, J, D = AssetState, UploadState, JobState, DeliveryState

ASSET_EDGES: Mapping[AssetState, frozenset[AssetState]] = {
    A.CREATED: frozenset({A.INGESTING, A.UPLOADED, A.FAILED, A.DELETED}),
    A.INGESTING: frozenset({A.UPLOADED, A.FAILED, A.DELETED}),
    A.UPLOADED: frozenset({A.PROCESSING, A.FAILED, A.DELETED}),
    A.PROCESSING: frozenset({A.READY, A.FAILED, A.DELETED}),
    A.READY: frozenset({A.ARCHIVED, A.PROCESSING, A.DELETED}),
    A.ARCHIVED: frozenset({A.READY, A.DELETED}),
    A.FAILED: frozenset({A.PROCESSING, A.DELETED}),
    A.DELETED: frozenset(),
}

UPLOAD_EDGES: Mapping[UploadState, frozenset[UploadState]] = {
    # open -> complete: the object was completed behind our back and its S3 event arrived first
    U.OPEN: frozenset({U.COMPLETING, U.COMPLETE, U.EXPIRED, U.ABORTED, U.FAILED}),
    # completing -> open: parts are missing or wrong, the client may send them again
    U.COMPLETING: frozenset({U.COMPLETE, U.OPEN, U.FAILED}),
    U.COMPLETE: frozenset(),
    U.EXPIRED: frozenset(),
    U.ABORTED: frozenset(),
    U.FAILED: frozenset(),
}

JOB_EDGES: Mapping[JobState, frozenset[JobState]] = {
    J.QUEUED: frozenset({J.RUNNING, J.FAILED, J.CANCELLED}),
    # running -> running: the next attempt of the same execution
    J.RUNNING: frozenset({J.RUNNING, J.SUCCEEDED, J.FAILED, J.CANCELLED}),
    J.SUCCEEDED: frozenset(),
    J.FAILED: frozenset(),
    J.CANCELLED: frozenset(),
}

DELIVERY_EDGES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    D.PENDING: frozenset({D.DELIVERED, D.RETRYING, D.DEAD}),
    D.RETRYING: frozenset({D.DELIVERED, D.RETRYING, D.DEAD}),
    D.DELIVERED: frozenset({D.PENDING}),  # a replay that its owner asked for
    D.DEAD: frozenset({D.PENDING}),  # a redrive or a replay
}

REPLAY_EDGES: Mapping[ReplayState, frozenset[ReplayState]] = {
    ReplayState.RUNNING: frozenset({ReplayState.COMPLETED, ReplayState.STOPPED}),
    ReplayState.COMPLETED: frozenset(),
    ReplayState.STOPPED: frozenset(),
}

THUMBNAIL_EDGES: Mapping[ThumbnailState, frozenset[ThumbnailState]] = {
    ThumbnailState.PENDING: frozenset({ThumbnailState.READY, ThumbnailState.FAILED}),
    ThumbnailState.READY: frozenset(),
    ThumbnailState.FAILED: frozenset(),
}

S = TypeVar("S", bound=StrEnum)


def check_edge(edges: Mapping[S, frozenset[S]], current: S, to: S) -> S:
    """Return `to` if the edge exists. Raises InvalidTransition otherwise."""
    if to not in edges[current]:
        raise InvalidTransition(f"{type(to).__name__}: {current} -> {to} is not allowed.")
    return to
