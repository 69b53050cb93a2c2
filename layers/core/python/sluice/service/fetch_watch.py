"""How a fetch is watched: is it wanted, how far is it, and is its source too slow?"""

import logging
from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

from sluice.domain.errors import ProviderFailure
from sluice.domain.source_errors import SourceTooSlow
from sluice.domain.upload import Upload, UploadProgress
from sluice.service.fetch_steps import still_ours
from sluice.service.fetch_task import FetchPorts
from sluice.service.progress import PROGRESS_EVERY_S

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0  # how soon an upload that was given up is noticed
WINDOW_S = 60.0
SAMPLE_S = 1.0


class _Sample(NamedTuple):
    waited_s: float
    received: int


class Pace:
    """Counts only the time that the source was waited for: a slow bucket of ours is no fault of the source."""

    def __init__(self, *, started_at: datetime, deadline_s: float, min_rate_bytes_s: int) -> None:
        self._deadline_s = deadline_s
        self._ends_at = started_at + timedelta(seconds=deadline_s)
        self._min_rate = min_rate_bytes_s
        self._waited_s = 0.0
        self._received = 0
        self._samples = deque([_Sample(0.0, 0)])  # the first one is where the window begins

    def add(self, waited_s: float, received: int) -> None:
        """Raises SourceTooSlow when the last minute was."""
        self._waited_s += waited_s
        self._received += received
        if self._waited_s - self._samples[-1].waited_s < SAMPLE_S:
            return
        self._samples.append(_Sample(self._waited_s, self._received))
        while self._waited_s - self._samples[1].waited_s >= WINDOW_S:
            self._samples.popleft()
        first = self._samples[0]
        span = self._waited_s - first.waited_s
        if span >= WINDOW_S and self._received - first.received < self._min_rate * span:
            raise SourceTooSlow(f"The source sent less than {self._min_rate} bytes a second for a minute.")

    def check(self, moment: datetime) -> None:
        """Raises SourceTooSlow when the whole fetch has taken too long."""
        if moment > self._ends_at:
            raise SourceTooSlow(f"The source took longer than {self._deadline_s:.0f} seconds.")


class Watch:
    """Tells how far the fetch is, and sees when nobody wants it any more."""

    def __init__(self, ports: FetchPorts) -> None:
        self._ports = ports
        self._told_at: datetime | None = None
        self._looked_at = ports.now()

    def tick(self, upload: Upload, received_bytes: int) -> None:
        """Raises FetchOver."""
        moment = self._ports.now()
        if (moment - self._looked_at).total_seconds() >= LOOK_EVERY_S:
            self._looked_at = moment
            still_ours(upload, self._ports)
        if self._told_at is None or (moment - self._told_at).total_seconds() >= PROGRESS_EVERY_S:
            self._told_at = moment
            self._tell(upload, received_bytes, upload.size_bytes or None)

    def end(self, upload: Upload, size_bytes: int) -> None:
        self._tell(upload, size_bytes, size_bytes)

    def _tell(self, upload: Upload, received_bytes: int, total_bytes: int | None) -> None:
        progress = UploadProgress(
            tenant_id=upload.tenant_id,
            upload_id=upload.id,
            received_bytes=received_bytes,
            total_bytes=total_bytes,
            updated_at=self._ports.now(),
        )
        try:
            self._ports.records.save_progress(progress)
        except ProviderFailure:
            logger.warning("progress_not_saved")
