"""The outside of one job, in memory: every call of a port is a turn, and who wrote and read what is kept."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.encoding import EncodingSettings
from sluice.domain.models import Asset, AssetVersion, Job, Rendition
from sluice.domain.tools import ToolLimits, ToolTask
from sluice.domain.upload import Upload
from sluice.media.source import SourceProbe
from sluice.service.chunk_ports import Chunking
from sluice.service.early import EarlyRendered, digest
from sluice.service.early_publish import EarlyDeps
from sluice.service.ports import Create
from sluice.service.reconcile import Reconciler, reconcile
from sluice.service.storage_ports import Storage
from sluice.service.transcode import TranscoderDeps
from tests.fakes.copied_top import STANDARD
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.delivery_queue import FakeDeliveryQueue
from tests.fakes.pipeline import FakeExecutions
from tests.fakes.thumbnails import FakeThumbnailMaker
from tests.fakes.transcoding import BINARIES, FakeMediaObjects, FakeSources, FakeTools, FakeWorkObjects
from tests.faults.transcode_storm.schedule import Schedule
from tests.unit.world import World

SOURCE_BYTES = 4096
TOP = Rendition(name="v360", kind="video", codec="avc1.64001f", bitrate=700_000, width=640, height=360)
SOUND = Rendition(name="audio", kind="audio", codec="mp4a.40.2", bitrate=128_000)


class SmallWorld(World):
    def create(
        self, size_bytes: int = SOURCE_BYTES, upload_id: str | None = None, **fields: Any
    ) -> tuple[Upload, Asset]:
        return super().create(size_bytes, upload_id, **fields)


class Turns:
    """Stands before a port: each call waits for its turn, and `seen` hears of it when it has happened."""

    def __init__(self, port: Any, schedule: Schedule, seen: Callable[[str, tuple[Any, ...]], None]) -> None:
        self._port, self._schedule, self._seen = port, schedule, seen

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._schedule.turn(name)
            answer = target(*args, **kwargs)
            self._seen(name, args)
            return answer

        return call


class InlinePool:
    """In the place of a thread pool: a turn belongs to the thread that asks for it."""

    def __init__(self, *_args: object, **_options: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_options: object) -> None:
        pass


class JobWorld:
    def __init__(self, random: Random, folder: Path, *, in_chunks: bool) -> None:
        self.random, self.folder = random, folder
        self.world = SmallWorld()
        self.upload, self.asset, self.job = self.world.uploaded()
        self.schedule = Schedule(random, on_step=lambda: self.world.now.tick(seconds=random.choice((0, 0, 1))))
        self.writers: dict[str, list[str]] = {}  # key -> processes
        self.makers: dict[str, tuple[str, frozenset[str]]] = {}  # version -> process, ids of the plans that it read
        self.wrong: list[str] = []
        self.media, sources = FakeMediaObjects(), FakeSources()
        head = random.choice((b"", STANDARD, STANDARD))
        sources.objects[self.job.source_key] = head.ljust(self.job.source_bytes, b"\0")
        self.records = self._turns(self.world.records)
        common = {"records": self.records, "now": self.world.now, "ids": self.world.new_id, "environment": "dev"}
        damaged = random.random() < 0.2  # so that only a decoder finds it: fewer frames than the copy has
        tools = {"tools": self._turns(FakeTools(frames=299 if damaged else 300)), "binaries": BINARIES}
        storage = Storage(self._turns(sources), self._turns(self.media))
        self.deps = TranscoderDeps(
            **common,
            **tools,
            sources=storage.sources,
            media=storage.media,
            work=self._turns(FakeWorkObjects()),
            scratch=folder,
            processors=2,
            chunking=Chunking(over_s=5 if in_chunks else 0, length_s=6),
        )
        self.early_deps = EarlyDeps(
            **common,
            **tools,
            storage=lambda _job, _version: storage,
            scratch=self._directory,
            render=self._render_early,
            max_source_bytes=SOURCE_BYTES - random.choice((0, 0, 1)),  # a larger one is left to the task
        )

    def _turns(self, port: Any) -> Any:
        return Turns(port, self.schedule, self._seen)

    def _seen(self, name: str, args: tuple[Any, ...]) -> None:
        process = self.schedule.current
        assert process is not None
        if name == "put_file":
            self.writers.setdefault(args[0], []).append(process.name)
        elif name == "get":
            process.plans_read.add(args[0].split("/")[3])
        elif name == "commit":
            for write in args:
                if isinstance(write, Create) and isinstance(write.record, AssetVersion):
                    self.makers[write.record.id] = (process.name, frozenset(process.plans_read))
            self._watch()

    def _watch(self) -> None:
        """What a player sees only gets better."""
        before, self.asset = self.asset, self.asset_now()
        if before.playable and not self.asset.playable:
            self.wrong.append("playable went back")
        old, new = self.version(before.active_version), self.version(self.asset.active_version)
        if old and not (new and (old.early or not new.early)):
            self.wrong.append("an early version came after the full one")

    @contextmanager
    def _directory(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)

    def _render_early(
        self, _source: Path, work: Path, _found: SourceProbe, _settings: EncodingSettings
    ) -> EarlyRendered:
        """What Packager makes of a copied top and its sound."""
        argv = (BINARIES.packager, "in=v360.mp4,", "in=audio.mp4,")
        self.early_deps.tools.run(ToolTask(argv=argv, cwd=work, limits=ToolLimits(deadline_s=1)))
        made = tuple(one.model_copy(update={"digest": digest(work / one.name)}) for one in (TOP, SOUND))
        return EarlyRendered(work, 12.0, 300, made)

    def sweep(self) -> None:
        reconcile(
            Reconciler(
                environment="dev",
                records=self.records,
                objects=self.world.objects,
                executions=self.world.admission,
                fetches=FakeExecutions(),
                completions=self.world.queue,
                deliveries=FakeDeliveryQueue(self.world.now),
                thumbnails=FakeThumbnailMaker(),
                pictures=FakeMediaObjects(),
                log=FakeDeliveryLog(self.world.records),
                new_id=self.world.new_id,
                now=self.world.now,
            )
        )

    def asset_now(self) -> Asset:
        found = self.world.records.asset(self.asset.tenant_id, self.asset.id)
        assert found is not None
        return found

    def job_now(self) -> Job:
        found = self.world.records.job(self.job.tenant_id, self.job.id)
        assert found is not None
        return found

    def version(self, version_id: str | None) -> AssetVersion | None:
        asset = self.asset
        return self.world.records.asset_version(asset.tenant_id, asset.id, version_id) if version_id else None

    def versions(self) -> list[AssetVersion]:
        return [row for row in self.world.records.rows.values() if isinstance(row, AssetVersion)]

    def parts(self) -> list[ChunkPart]:
        return [row for row in self.world.records.rows.values() if isinstance(row, ChunkPart)]

    def plans(self) -> dict[str, ChunkPlan]:
        return {row.id: row for row in self.world.records.rows.values() if isinstance(row, ChunkPlan)}
