"""Every error a caller can meet: a stable snake_case `code`, a sentence safe to show, whether a retry helps.

HTTP statuses live in one table in `sluice.http`; internals belong in logs, never in `message`.
"""

from enum import StrEnum
from typing import ClassVar, NamedTuple


class ErrorClass(StrEnum):
    INPUT = "input"  # the caller's data
    CONFIG = "config"  # the caller's settings
    PROVIDER = "provider"  # ours or the cloud's; the only class that is retried by itself


class FieldError(NamedTuple):
    pointer: str  # RFC 6901 pointer into the request body
    code: str
    detail: str


class SluiceError(Exception):
    """Base of all typed errors."""

    code: ClassVar[str] = "internal_error"
    message: ClassVar[str] = "Something failed on our side."
    error_class: ClassVar[ErrorClass] = ErrorClass.PROVIDER
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, *, errors: tuple[FieldError, ...] = ()) -> None:
        self.detail = detail or self.message
        self.errors = errors
        super().__init__(self.detail)


class InvalidRequest(SluiceError):
    code = "invalid_request"
    message = "The request has a field that is missing, unknown or malformed."
    error_class = ErrorClass.INPUT


class InvalidCursor(SluiceError):
    code = "invalid_cursor"
    message = "The cursor is not one that this list handed out."
    error_class = ErrorClass.INPUT


class CursorExpired(SluiceError):
    code = "cursor_expired"
    message = "Events behind this cursor are older than 30 days and no longer kept; start again without a cursor."
    error_class = ErrorClass.INPUT


class TooManyRequests(SluiceError):
    code = "too_many_requests"
    message = "Too much of this kind is going on for this tenant; let some of it end first."
    error_class = ErrorClass.CONFIG
    retryable = True


class TooManyPolls(TooManyRequests):
    code = "too_many_polls"
    message = "Too many requests of this tenant wait for events; let one end first, or ask without waiting."


class Unauthenticated(SluiceError):
    code = "unauthenticated"
    message = "The API key is missing, unknown, revoked or expired."
    error_class = ErrorClass.CONFIG


class MissingScope(SluiceError):
    code = "missing_scope"
    message = "The API key lacks the scope that this route needs."
    error_class = ErrorClass.CONFIG


class Forbidden(SluiceError):
    code = "forbidden"
    message = "This caller may not do that."
    error_class = ErrorClass.CONFIG


class NotFound(SluiceError):
    """Also the answer for another tenant's id, so that ids cannot be probed."""

    code = "not_found"
    message = "There is no such resource."
    error_class = ErrorClass.INPUT


class AssetNotFound(NotFound):
    code = "asset_not_found"
    message = "There is no such asset."


class JobNotFound(NotFound):
    code = "job_not_found"
    message = "There is no such job."


class WebhookNotFound(NotFound):
    code = "webhook_not_found"
    message = "There is no such webhook endpoint."


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    message = "There is no delivery of this event to this endpoint."


class PlaybackNotFound(NotFound):
    code = "playback_not_found"
    message = "There is no such playback id."


class TenantNotFound(NotFound):
    code = "tenant_not_found"
    message = "There is no such tenant."


class Conflict(SluiceError):
    code = "conflict"
    message = "The resource is not in a state that allows this."
    error_class = ErrorClass.INPUT


class PreconditionFailed(SluiceError):
    code = "precondition_failed"
    message = "The resource has changed since it was read; read it again."
    error_class = ErrorClass.INPUT


class InvalidTransition(Conflict):
    code = "invalid_transition"
    message = "The resource is not in a state that allows this."


class WebhookDisabled(Conflict):
    code = "webhook_disabled"
    message = "The endpoint is switched off; switch it on first."


class DeliveryNotDead(Conflict):
    code = "delivery_not_dead"
    message = "The delivery has arrived; there is nothing to redrive."


class AssetNotUploaded(Conflict):
    code = "asset_not_uploaded"
    message = "The asset never had a complete upload; upload the file again."


class AssetNotRetryable(Conflict):
    code = "asset_not_retryable"
    message = "Only a failed or a ready asset can be transcoded again."


class OriginalGone(Conflict):
    code = "original_gone"
    message = "The file that was uploaded is not there any more; upload it again."


class JobActive(Conflict):
    code = "job_active"
    message = "A transcode of this asset is queued or running; wait for its end, or cancel it."


class JobEnded(Conflict):
    code = "job_ended"
    message = "The job has ended and cannot be cancelled."


class AssetNotPlayable(Conflict):
    code = "asset_not_playable"
    message = "The asset has nothing to play, or may not be played."


class UrlNotAllowed(InvalidRequest):
    code = "url_not_allowed"
    message = "The URL must be https and resolve to public addresses only."


class WebhookLimitReached(Conflict):
    code = "webhook_limit_reached"
    message = "A tenant can have at most 50 webhook endpoints."


class WebhookSecretLimitReached(Conflict):
    code = "webhook_secret_limit_reached"
    message = "Four earlier secrets of this endpoint still sign; wait, or rotate with a shorter overlap."


class IdempotencyKeyReused(InvalidRequest):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used with another body."


class IdempotencyInFlight(Conflict):
    code = "idempotency_in_flight"
    message = "A request with this Idempotency-Key is still running."
    retryable = True


class PlaybackDenied(SluiceError):
    """Expired, tampered or foreign playback token, or an unexpected parameter."""

    code = "playback_denied"
    message = "This playback URL is not valid or has expired."
    error_class = ErrorClass.INPUT


class WriteConflict(SluiceError):
    """Somebody else wrote first: read again and decide again. Never reaches a caller while retries are left."""

    code = "write_conflict"
    message = "The resource changed at the same moment; try again."
    retryable = True


class ProviderFailure(SluiceError):
    """A cloud service failed or throttled beyond the adapter's retries."""

    code = "provider_failure"
    message = "A service that we depend on failed; try again."
    retryable = True


class MalformedBody(SluiceError):
    code = "malformed_body"
    message = "The body is not valid JSON."
    error_class = ErrorClass.INPUT


class UnsupportedMediaType(SluiceError):
    code = "unsupported_media_type"
    message = "Bodies must be application/json."
    error_class = ErrorClass.INPUT


class RouteNotFound(NotFound):
    code = "route_not_found"
    message = "There is no such route."
