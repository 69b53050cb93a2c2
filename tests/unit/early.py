"""A world with one uploaded source, its queued job, and a fast lane over fakes beside the task."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import AssetVersion, ErrorInfo, Job, Rendition
from sluice.domain.tools import ToolLimits, ToolTask
from sluice.media.source import SourceProbe
from sluice.service.early import EarlyRendered, Refused
from sluice.service.early_publish import EarlyDeps, Outcome, publish_early
from sluice.service.failures import fail_transcode
from sluice.service.jobs import cancel_job
from sluice.service.storage_ports import Storage
from tests.fakes.transcoding import BINARIES, FakeMediaObjects
from tests.unit.transcoding import Bench

TOP = Rendition(name="v360", kind="video", codec="avc1.64001f", bitrate=700_000, width=640, height=360)
SOUND = Rendition(name="audio", kind="audio", codec="mp4a.40.2", bitrate=128_000)


class FastLane(Bench):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "task")
        self.asked_for: list[tuple[str, str]] = []  # source key and version of each session
        self.folder = folder / "early"
        self.folder.mkdir()
        self.early_media = FakeMediaObjects()
        self.refused: Refused | None = None
        self.early_deps = EarlyDeps(
            records=self.world.records,
            storage=self.storage,
            scratch=self.directory,
            tools=self.tools,
            binaries=BINARIES,
            render=self.render,
            max_source_bytes=self.job.source_bytes,
            now=self.world.now,
            ids=self.world.new_id,
            environment="dev",
        )

    def storage(self, job: Job, version_id: str) -> Storage:
        self.asked_for.append((job.source_key, version_id))
        return Storage(self.sources, self.early_media)

    @contextmanager
    def directory(self) -> Iterator[Path]:
        yield self.folder

    def render(
        self, source: Path, work: Path, found: SourceProbe, settings: EncodingSettings
    ) -> EarlyRendered | Refused:
        """What Packager makes of a copied top and its sound."""
        if self.refused:
            return self.refused
        argv = (BINARIES.packager, "in=v360.mp4,", "in=audio.mp4,")
        self.tools.run(ToolTask(argv=argv, cwd=work, limits=ToolLimits(deadline_s=1)))
        return EarlyRendered(work, 12.0, 300, (TOP, SOUND))

    def publish(self, **changes: object) -> Outcome:
        deps = replace(self.early_deps, **changes)  # type: ignore[arg-type]  # of the test's choice
        return publish_early(tenant_id=self.tenant, job_id=self.job_id, deps=deps)

    def other_storage(self) -> Storage:
        """Of another call at the same time, whose directory is another."""
        self.folder = self.folder.with_name("early-2")
        self.folder.mkdir()
        return Storage(self.sources, FakeMediaObjects())

    def cancel(self) -> None:
        cancel_job(self.job_id, caller=self.world.caller, ports=self.world.job_ports)

    def version(self) -> AssetVersion:
        asset = self.asset_now()
        assert asset.active_version is not None
        found = self.world.records.asset_version(asset.tenant_id, asset.id, asset.active_version)
        assert found is not None
        return found

    def fail(self, error: ErrorInfo) -> None:
        records, now, new_id = self.world.records, self.world.now, self.world.new_id
        fail_transcode(
            tenant_id=self.tenant,
            job_id=self.job_id,
            error=error,
            environment="dev",
            records=records,
            new_id=new_id,
            now=now,
        )
