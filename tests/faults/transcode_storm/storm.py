"""One job through one storm, and what must hold after it."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from sluice.domain.models import AssetVersion
from sluice.domain.states import AssetState, JobState
from sluice.media.chunks import ChunkedPlan
from tests.faults.transcode_storm.machine import Machine, Trouble
from tests.faults.transcode_storm.world import JobWorld


class TranscodeStorm:
    def __init__(self, seed: int, folder: Path) -> None:
        random = Random(seed)
        self.world = JobWorld(random, folder, in_chunks=bool(seed % 2))
        stray = random.random() < 0.4
        trouble = Trouble(stray=stray, faults=1 if stray else 2, scarce=random.choice((0.0, 0.0, 0.8)))
        self.machine = Machine(self.world, trouble)

    def blow(self) -> None:
        schedule, world = self.world.schedule, self.world
        schedule.start("machine", self.machine.execute)
        schedule.start("event again", lambda: world.world.accept(world.upload), weight=0.05)
        for _ in range(2):
            schedule.start("sweep", world.sweep, weight=0.02)
        schedule.run()
        for _ in range(3):
            world.world.now.tick(minutes=7)
            schedule.start("sweep", world.sweep)
            schedule.run()
        self.machine.count_ends()

    def violations(self) -> Iterator[str]:
        yield from self.world.wrong
        for process in self.world.schedule.processes:
            if process.survived_death:
                yield f"{process.name} went on after its death"
            if process.name == "machine" and process.error:
                yield f"the machine stopped: {process.error!r}"
        yield from self._ends_ready()
        for version in self.world.versions():
            yield from self._whole(version)
        events = self.world.world.records.events(self.world.asset.tenant_id, self.world.asset.id)
        if [event.sequence for event in events] != list(range(1, self.world.asset_now().sequence + 1)):
            yield "the events have a gap"
        if [event.type for event in events].count("transcode.ready") != 1:
            yield "ready was not told once"

    def tops(self) -> Iterator[str]:
        """For the figures: who published the early version, and what became of it."""
        for version in self.world.versions():
            if version.early and self.world.makers[version.id][0].startswith("transcode"):
                yield "early by the task"
            if any(rendition.version_id for rendition in version.renditions):
                yield "top of the early version"
        for plan in self.world.plans().values():
            if ChunkedPlan.model_validate_json(plan.work).copied:
                yield "copy in chunks"
        for part in self.world.parts():
            if not part.fits:
                yield "chunk that does not fit"

    def _ends_ready(self) -> Iterator[str]:
        asset, job = self.world.asset_now(), self.world.job_now()
        if (asset.state, job.state) != (AssetState.READY, JobState.SUCCEEDED):
            yield f"asset {asset.state}, job {job.state}"
        full = [version for version in self.world.versions() if not version.early]
        if [version.id for version in full] != [asset.active_version] or job.version_id != asset.active_version:
            yield f"{len(full)} full versions, active {asset.active_version}"
        if any(version.attempt != job.attempt for version in full):
            yield "a version of another attempt than the job's last"
        if len(self.world.versions()) - len(full) > 1:
            yield "more than one early version"

    def _whole(self, version: AssetVersion) -> Iterator[str]:
        maker, plans = self.world.makers[version.id]
        yield from self._written(version, version.playlists_prefix, ("master.m3u8", "manifest.mpd"), maker)
        yield from self._written(version, version.media_prefix, version.pictures, maker)
        for rendition in version.renditions:
            of, by = version, maker
            if rendition.version_id is not None:
                early = self.world.version(rendition.version_id)
                if early is None or not early.early or early.job_id != version.job_id:
                    yield "a rendition of a version that is not there"
                    continue
                of, (by, _) = early, self.world.makers[early.id]
            prefix = version.rendition_prefix(rendition)
            yield from self._written(of, prefix, ("init.mp4", "seg-00001.m4s", "seg-00002.m4s"), by)
            yield from self._written(version, version.playlists_prefix, (f"{rendition.name}.m3u8",), maker)
        known = self.world.plans()
        if len(plans) > 1 or any(known[plan].attempt != version.attempt for plan in plans):
            yield "parts of another plan"

    def _written(self, version: AssetVersion, prefix: str, names: tuple[str, ...], maker: str) -> Iterator[str]:
        """Each object is there, written once, by the process that made the version."""
        for name in names:
            stored = self.world.media.objects.get(prefix + name)
            if stored is None:
                yield f"{prefix + name} is missing"
            elif (stored.metadata["job-id"], stored.metadata["attempt"]) != (version.job_id, str(version.attempt)):
                yield f"{prefix + name} is of another attempt"
            elif self.world.writers[prefix + name] != [maker]:
                yield f"{prefix + name} was written by {self.world.writers[prefix + name]}, not by {maker}"
