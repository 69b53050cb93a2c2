"""One upload that is to be fetched from a URL, over fakes."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from threading import Lock
from typing import Literal

from sluice.domain.errors import ProviderFailure
from sluice.domain.events import Origin
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakeRules
from sluice.domain.models import Asset
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload import Upload, UploadProgress, UploadSource
from sluice.service.fetch_task import FetchLimits, FetchPorts
from sluice.service.fetching import Ending, fetch
from sluice.service.ports import Create
from sluice.service.settling import opening
from sluice.service.source_ports import SourceReader
from sluice.service.upload_abort import close_upload
from tests.fakes.fetching import FakeCopySources, FakeFile, FakeWeb
from tests.fakes.pipeline import FakeCompletionQueue
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.uploads_bucket import FakeUploadObjects
from tests.unit.world import Who

URL = "https://films.example/a.mp4"
PART = 8 * MIB
NO_RULES = IntakeRules()


@cache
def film(size: int) -> bytes:
    """The same for the same size; no two parts alike."""
    return Random(size).randbytes(size)  # noqa: S311  # test data


class FailingUploadObjects(FakeUploadObjects):
    """Takes `dies_after` parts and no more; None: all."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_after: int | None = None
        self.sent: list[int] = []
        self._lock = Lock()

    def upload_part(self, key: str, multipart_id: str, number: int, body: bytearray) -> None:
        with self._lock:
            if self.dies_after is not None and len(self.sent) >= self.dies_after:
                raise ProviderFailure
            self.sent.append(number)
        super().upload_part(key, multipart_id, number, body)


class FetchWorld:
    def __init__(
        self,
        content: bytes | None = None,
        *,
        rules: IntakeRules = NO_RULES,
        url: str = URL,
        transcode: Literal["auto", "none"] = "auto",
        creator_id: str | None = None,
    ) -> None:
        self.records, self.objects, self.queue = FakeRecords(), FailingUploadObjects(), FakeCompletionQueue()
        self.now, self.new_id = FakeClock(), FakeIds()
        self.sources: SourceReader
        self.sources = self.web = FakeWeb(FakeFile(film(20 * MIB) if content is None else content), self.now)
        self.copies = FakeCopySources(self.objects)
        self.pauses: list[float] = []
        self.limits = FetchLimits(
            max_bytes=100 * 10**9, deadline_s=3600, min_rate_bytes_s=10_000, ingest_buckets=frozenset({"films"})
        )
        self._upload, asset = self._slot(rules, url, transcode, creator_id)
        self.records.commit(*opening(self._upload, max_fetches=1), Create(asset))

    def _slot(
        self, rules: IntakeRules, url: str, transcode: Literal["auto", "none"], creator_id: str | None
    ) -> tuple[Upload, Asset]:
        tenant, moment = self.new_id(Prefix.TENANT), self.now()
        asset_id, upload_id = self.new_id(Prefix.ASSET), self.new_id(Prefix.UPLOAD)
        ours = {"tenant_id": tenant, "created_at": moment, "updated_at": moment, "correlation_id": "cor-1"}
        upload = Upload(
            id=upload_id,
            asset_id=asset_id,
            state=UploadState.OPEN,
            key=f"uploads/{tenant}/{upload_id}",
            multipart_id="",
            size_bytes=0,
            part_size=0,
            content_type="application/octet-stream",
            filename=None,
            creator_id=creator_id,
            transcode=transcode,
            rules=rules,
            source=UploadSource(url=url, headers={"Authorization": "Bearer x"}),
            expires_at=moment + timedelta(days=1),
            **ours,
        )
        return upload, Asset(id=asset_id, state=AssetState.CREATED, upload_id=upload_id, playback_ids=(), **ours)

    @property
    def ports(self) -> FetchPorts:
        return FetchPorts(
            environment="dev",
            limits=self.limits,
            records=self.records,
            objects=self.objects,
            sources=self.sources,
            copies=self.copies,
            queue=self.queue,
            new_id=self.new_id,
            now=self.now,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now.tick(seconds=seconds)

    def limit(self, **changes: int) -> None:
        self.limits = replace(self.limits, **changes)

    def run(self) -> Ending:
        return fetch(tenant_id=self._upload.tenant_id, upload_id=self._upload.id, ports=self.ports)

    def abort(self, *, frees_parts: bool = True) -> None:
        """As DELETE does, unless it dies half-way."""
        origin = Origin(environment="dev", now=self.now(), event_id=self.new_id(Prefix.EVENT))
        closed = close_upload(
            self._upload.id,
            caller=Who(self._upload.tenant_id, "r", "c"),
            records=self.records,
            origin=origin,
            new_id=self.new_id,
        )
        if frees_parts:
            self.objects.abort_multipart(closed.key, closed.multipart_id)

    @property
    def upload(self) -> Upload:
        stored = self.records.upload(self._upload.tenant_id, self._upload.id)
        assert stored is not None
        return stored

    @property
    def asset(self) -> Asset:
        stored = self.records.asset(self._upload.tenant_id, self._upload.asset_id)
        assert stored is not None
        return stored

    @property
    def progress(self) -> UploadProgress | None:
        return self.records.upload_progress(self._upload.tenant_id, self._upload.id)

    def stored(self) -> bytes:
        """What the parts of the upload join to."""
        upload = self.upload
        numbers = [part.number for part in self.objects.parts(upload.key, upload.multipart_id)]
        return b"".join(self.objects.bodies[upload.multipart_id, number] for number in numbers)

    def events(self) -> list[str]:
        return [event.type for event in self.records.events(self._upload.tenant_id, self._upload.asset_id)]

    def assert_refused(self, code: str) -> None:
        """Upload and asset say why, the count is given back, and nothing stays stored."""
        upload, asset = self.upload, self.asset
        assert upload.state is UploadState.FAILED and asset.state is AssetState.FAILED
        assert upload.error is not None and asset.error == upload.error
        assert (upload.error.code, upload.error.error_class) == (code, "input")
        assert upload.source is not None and upload.source.headers == {}
        assert self.objects.open == {} and self.objects.objects == {} and self.queue.sent == []
        usage = self.records.usage(upload.tenant_id, None)
        assert (usage.open_uploads, usage.open_bytes) == (0, 0)
        assert self.events()[-1] == "error.processing"
