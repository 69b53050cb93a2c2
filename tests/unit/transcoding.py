"""A world with one uploaded source and its queued job, and a transcoder over fakes to run it."""

from dataclasses import replace
from pathlib import Path

from sluice.domain.chunks import ChunkPlan
from sluice.domain.models import Asset, Job, JobResult
from sluice.domain.states import AssetState
from sluice.service.attempts import Ending, begin_attempt
from sluice.service.chunk_parts import encode_part
from sluice.service.chunk_ports import Chunking
from sluice.service.transcode import TranscoderDeps, transcode
from tests.fakes.transcoding import BINARIES, FakeMediaObjects, FakeSources, FakeTools, FakeWorkObjects
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
        self.work = FakeWorkObjects()
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
            work=self.work,
            chunking=Chunking(over_s=0, length_s=60),
        )

    def run(self, attempt: int = 1, job_id: str | None = None) -> Ending:
        job_id = job_id or self.job_id
        return transcode(tenant_id=self.tenant, job_id=job_id, attempt=attempt, capacity="FARGATE", deps=self.deps)

    def in_chunks(self) -> ChunkPlan:
        """The clip of 12 s becomes two chunks and its sound."""
        self.deps = replace(self.deps, chunking=Chunking(over_s=5, length_s=6))
        assert self.run() is Ending.CHUNKED
        plan_id = self.result().plan_id
        assert plan_id is not None
        plan = self.world.records.chunk_plan(self.tenant, self.job_id, plan_id)
        assert plan is not None
        return plan

    def encode_part(self, plan: ChunkPlan, part: str, attempt: int = 1) -> Ending:
        named = {"tenant_id": self.tenant, "job_id": self.job_id, "plan_id": plan.id}
        return encode_part(**named, part=part, attempt=attempt, deps=self.deps)

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
