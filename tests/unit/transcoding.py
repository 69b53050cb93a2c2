"""A world with one uploaded source and its queued job, and a transcoder over fakes to run it."""

from pathlib import Path

from sluice.domain.models import Asset, Job, JobResult
from sluice.domain.states import AssetState
from sluice.service.attempts import Ending, begin_attempt
from sluice.service.transcode import TranscoderDeps, transcode
from tests.fakes.transcoding import BINARIES, FakeMediaObjects, FakeSources, FakeTools
from tests.unit.world import World


class Bench:
    def __init__(self, scratch: Path) -> None:
        self.world = World()
        _, self.asset, job = self.world.uploaded()
        self.job_id = job.id
        self.tenant = job.tenant_id
        self.sources = FakeSources()
        self.sources.objects[job.source_key] = b"\x00" * job.source_bytes
        self.media = FakeMediaObjects()
        self.tools = FakeTools()
        self.scratch = scratch
        self.deps = TranscoderDeps(
            records=self.world.records,
            sources=self.sources,
            media=self.media,
            tools=self.tools,
            binaries=BINARIES,
            scratch=scratch,
            now=self.world.now,
            ids=self.world.new_id,
            environment="dev",
            processors=2,
        )

    def run(self, attempt: int = 1, job_id: str | None = None) -> Ending:
        job_id = job_id or self.job_id
        return transcode(tenant_id=self.tenant, job_id=job_id, attempt=attempt, capacity="FARGATE", deps=self.deps)

    def begin(self) -> None:
        begin_attempt(tenant_id=self.tenant, job_id=self.job_id, attempt=1, capacity="FARGATE", ports=self.deps)

    @property
    def job(self) -> Job:
        job = self.world.records.job(self.tenant, self.job_id)
        assert job is not None
        return job

    def result(self, attempt: int = 1) -> JobResult:
        result = self.world.records.job_result(self.tenant, self.job_id, attempt)
        assert result is not None
        return result

    def asset_now(self) -> Asset:
        asset = self.world.records.asset(self.tenant, self.asset.id)
        assert asset is not None
        return asset

    def asset_state(self) -> AssetState:
        return self.asset_now().state

    def events(self) -> list[str]:
        return self.world.event_types(self.asset.id)
