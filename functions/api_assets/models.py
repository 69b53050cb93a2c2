"""Bodies of the routes of jobs and events; assets are shown by `sluice.views.asset`."""

from typing import Self

from pydantic import Field

from sluice.domain.models import Job, JobProgress
from sluice.domain.quality import QualityChoice
from sluice.http import FailureView, RequestBody, ResponseBody, Timestamp
from sluice.service.jobs import OtherProfile
from sluice.views.asset import ProfileView


class RetryAsset(RequestBody):
    encoding_profile_id: str | None = Field(
        None, description="The newest version of this profile; null: the built-in one. Left out: as it was before."
    )

    def profile(self) -> OtherProfile | None:
        return OtherProfile(self.encoding_profile_id) if self.model_fields_set else None


class ProgressView(ResponseBody):
    stage: str = Field(description="download | probe | quality | cut | encode | join | package | upload")
    percent: float = Field(description="0-100 over the whole job.")
    realtime_factor: float | None = Field(description="Seconds of video encoded per second.")
    chunks_done: int | None = Field(description="Finished parts of a long video; null: one task does the whole job.")
    chunks_total: int | None
    attempt: int
    updated_at: Timestamp

    @classmethod
    def of(cls, progress: JobProgress | None) -> Self | None:
        if progress is None:
            return None
        return cls(
            stage=progress.stage,
            percent=progress.percent,
            realtime_factor=progress.realtime_factor,
            chunks_done=progress.chunks[0] if progress.chunks else None,
            chunks_total=progress.chunks[1] if progress.chunks else None,
            attempt=progress.attempt,
            updated_at=progress.updated_at,
        )


class RungQualityView(ResponseBody):
    rendition: str
    crf: int = Field(description="Constant quality of the encoder: lower is better and larger.")
    vmaf: float | None = Field(description="0-100, what the samples promise at this CRF; null: not sampled.")
    kbps: int | None
    kept: bool = Field(description="false: the rendition would have added nothing to the one above it.")


class QualityView(ResponseBody):
    sampled: bool = Field(description="false: the source is under five minutes, and the defaults hold.")
    renditions: list[RungQualityView]

    @classmethod
    def of(cls, choice: QualityChoice | None) -> Self | None:
        if choice is None:
            return None
        rungs = [
            RungQualityView(rendition=rung.name, crf=rung.crf, vmaf=rung.vmaf, kbps=rung.kbps, kept=rung.kept)
            for rung in choice.rungs
        ]
        return cls(sampled=choice.sampled, renditions=rungs)


class JobView(ResponseBody):
    job_id: str
    asset_id: str
    state: str = Field(description="queued | running | succeeded | failed | cancelled")
    attempt: int = Field(description="0 until a task has started.")
    encoding_profile: ProfileView | None = Field(description="Null: the built-in profile.")
    capacity: str | None = Field(description="FARGATE_SPOT | FARGATE")
    progress: ProgressView | None
    quality: QualityView | None = Field(
        description="Decided per title, where the encoding profile asks for it; only in the answer for one job."
    )
    version_id: str | None = Field(description="The version that this job published.")
    error: FailureView | None
    created_at: Timestamp
    started_at: Timestamp | None
    queue_wait_s: float | None = Field(description="From created_at to started_at, in seconds.")
    finished_at: Timestamp | None

    @classmethod
    def of(cls, job: Job, progress: JobProgress | None, quality: QualityChoice | None = None) -> Self:
        return cls(
            job_id=job.id,
            asset_id=job.asset_id,
            state=job.state,
            attempt=job.attempt,
            encoding_profile=ProfileView.of(job.profile),
            capacity=job.capacity,
            progress=ProgressView.of(progress),
            quality=QualityView.of(quality),
            version_id=job.version_id,
            error=FailureView.of(job.error),
            created_at=job.created_at,
            started_at=job.started_at,
            queue_wait_s=(job.started_at - job.created_at).total_seconds() if job.started_at else None,
            finished_at=job.finished_at,
        )
