"""Looking again and again, less and less often, until something is done."""

import time
from collections.abc import Callable, Iterator

from sluice_client.errors import UploadFailed, WaitedTooLong
from sluice_client.upload_models import Upload

FIRST_LOOK_S, LONGEST_LOOK_S, GROWTH = 0.5, 10.0, 1.5  # soon, then less and less often


def looks(timeout_s: float, otherwise: str, *, pause: Callable[[float], None]) -> Iterator[None]:
    """At once, then after growing pauses. Raises WaitedTooLong in the end."""
    ends, pause_s = time.monotonic() + timeout_s, FIRST_LOOK_S
    while True:
        yield
        if time.monotonic() + pause_s > ends:
            raise WaitedTooLong(f"{otherwise} after {timeout_s:.0f} s")
        pause(pause_s)
        pause_s = min(LONGEST_LOOK_S, pause_s * GROWTH)


def joined(upload: Upload) -> Upload:
    """Raises UploadFailed for one that ended otherwise."""
    if upload.state != "complete":
        error = upload.error
        code, detail = (error.code, error.message) if error else (f"upload_{upload.state}", "It was not joined.")
        raise UploadFailed(upload.upload_id, code, detail)
    return upload
