"""What can go wrong, as types. No message holds an API key or a signed URL."""

from typing import Any

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_IN_S3 = frozenset({"RequestTimeout", "BadDigest"})  # the latter: bytes that were damaged on the way


class SluiceError(Exception):
    """Everything that this package raises on purpose.

    `transient`: the same call may succeed later. False once it has been repeated as often as the policy allows.
    `retry_after_s`: how long the server asked to wait.
    """

    transient = False
    retry_after_s: float | None = None


class ApiError(SluiceError):
    """The API refused a call. Decide by `code`; `detail` is for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        request_id: str = "",
        retryable: bool = False,
        errors: tuple[dict[str, Any], ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        fields = "".join(f"; {one.get('pointer', '')}: {one.get('detail', '')}" for one in errors)
        super().__init__(f"{code} ({status}): {detail}{fields}")
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.retryable = retryable
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.transient = retryable or status in _PASSING


class ConnectionFailed(SluiceError):
    """No answer: no connection, or one that broke off."""

    transient = True


class UnexpectedAnswer(SluiceError):
    """An answer, but not one that this API gives: something else is listening there."""


class PartRefused(SluiceError):
    """S3 did not take a part. `code` is S3's own; 403 is usually a URL that has expired."""

    def __init__(self, part_number: int, status: int, code: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"part {part_number}: the storage answered {status} {code}".rstrip())
        self.part_number = part_number
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.transient = status == 403 or status in _PASSING or code in _PASSING_IN_S3


class PictureRefused(SluiceError):
    """The storage did not take a picture."""

    def __init__(self, status: int, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"the picture: the storage answered {status}")
        self.status = status
        self.retry_after_s = retry_after_s
        self.transient = status in _PASSING


class FileChanged(SluiceError):
    """The file was written to while it was sent; what had been sent was given up."""


class UploadFailed(SluiceError):
    """The upload ended without its object. `code` as in the API's error catalogue."""

    def __init__(self, upload_id: str, code: str, detail: str) -> None:
        super().__init__(f"{upload_id}: {code}: {detail}")
        self.upload_id = upload_id
        self.code = code
        self.detail = detail


class WaitedTooLong(SluiceError):
    """Still not done after the time that the caller gave."""
