"""How far a transcode is: a row of its own, written every few seconds, lost without harm.

At the same moments the attempt learns whether it may go on.
"""

import logging
from datetime import datetime

from sluice.domain.errors import ProviderFailure, SluiceError
from sluice.domain.models import Job, JobProgress
from sluice.service.ports import Clock, Records

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 3.0
# Where each stage stands within the whole, in percent: (start, length).
_STAGES = {
    "download": (0, 4),
    "probe": (4, 1),
    "quality": (5, 5),
    "cut": (10, 5),
    "encode": (10, 75),
    "join": (84, 1),
    "package": (85, 3),
    "upload": (88, 12),
}


class Superseded(SluiceError):
    code = "provider.superseded"
    message = "The job was cancelled or has ended, or another attempt at it took over."


class ProgressWriter:
    """Writes the job's progress row at each new stage and every few seconds within one."""

    def __init__(self, job: Job, *, records: Records, now: Clock) -> None:
        self._job = job
        self._records = records
        self._now = now
        self._last: JobProgress | None = None

    def report(self, stage: str, share: float, realtime_factor: float | None) -> None:
        """`share`: 0-1 of the stage. Raises Superseded once this attempt could not publish any more."""
        moment = self._now()
        last = self._last
        if last and last.stage == stage and (moment - last.updated_at).total_seconds() < PROGRESS_EVERY_S:
            return
        check_job(self._job, self._records)
        start, length = _STAGES[stage]
        self._last = JobProgress(
            tenant_id=self._job.tenant_id,
            job_id=self._job.id,
            attempt=self._job.attempt,
            stage=stage,
            percent=round(start + length * share, 1),
            realtime_factor=realtime_factor,
            updated_at=moment,
        )
        try:
            self._records.save_progress(self._last)
        except ProviderFailure:
            logger.warning("progress_not_saved", extra={"stage": stage})


def check_job(job: Job, records: Records) -> None:
    """Raises Superseded where the encoder reports, which ends the encoder."""
    try:
        stored = records.job(job.tenant_id, job.id)
    except Exception:  # a table that cannot be read for a moment ends no transcode; the next report looks again
        logger.warning("job_not_read", exc_info=True)
        return
    if stored != job:
        raise Superseded


class PartProgress:
    """Of a job whose parts are done by several tasks: each tells how many are done, none how far it is itself."""

    def __init__(self, job: Job, *, records: Records, now: Clock) -> None:
        self._job, self._records, self._now = job, records, now
        self._looked: datetime | None = None

    def watch(self, _stage: str, _share: float, _realtime_factor: float | None) -> None:
        """Raises Superseded once nothing that this task makes could be published any more."""
        moment = self._now()
        if self._looked is None or (moment - self._looked).total_seconds() >= PROGRESS_EVERY_S:
            self._looked = moment
            check_job(self._job, self._records)

    def finished(self, done: int, of: int) -> None:
        start, _ = _STAGES["cut"]
        progress = JobProgress(
            tenant_id=self._job.tenant_id,
            job_id=self._job.id,
            attempt=self._job.attempt,
            stage="encode",
            percent=round(start + 74 * done / of, 1),
            chunks=(done, of),
            updated_at=self._now(),
        )
        try:
            self._records.save_progress(progress)
        except ProviderFailure:
            logger.warning("progress_not_saved", extra={"stage": "encode"})
