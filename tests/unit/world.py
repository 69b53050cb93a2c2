"""One tenant's world over fakes: what the use-case tests act on."""

from dataclasses import dataclass, field
from typing import Any

from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.domain.ids import Prefix
from sluice.domain.leases import VcpuLimits
from sluice.domain.models import Asset, Job
from sluice.domain.parts import MIB, part_count, part_length
from sluice.domain.upload import Upload
from sluice.service import upload_slots, uploads
from sluice.service.completion import complete_upload
from sluice.service.failures import fail_transcode, provider_error
from sluice.service.intake import accept_object
from sluice.service.jobs import JobPorts, retry_asset
from sluice.service.ports import SignedPart
from sluice.service.upload_access import UploadLimits, UploadPorts
from sluice.service.upload_slots import NewUpload
from sluice.service.vcpu_admission import Admission
from tests.fakes.pipeline import FakeCompletionQueue, FakeExecutions
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.uploads_bucket import FakePartSigner, FakeUploadObjects

KILLED = provider_error("provider.killed", "Processing was stopped: out of memory or killed.")


@dataclass(frozen=True)
class Who:
    tenant_id: str
    request_id: str
    correlation_id: str
    origin: str | None = None
    key_id: str | None = "key_01kb5y0000000000000000000a"


@dataclass
class World:
    records: FakeRecords = field(default_factory=FakeRecords)
    objects: FakeUploadObjects = field(default_factory=FakeUploadObjects)
    queue: FakeCompletionQueue = field(default_factory=FakeCompletionQueue)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    limits: VcpuLimits = VcpuLimits(environment=64, tenant=32)
    now: FakeClock = field(default_factory=FakeClock)
    new_id: FakeIds = field(default_factory=FakeIds)

    def __post_init__(self) -> None:
        self.caller = Who(self.new_id(Prefix.TENANT), "req-1", "cor-1")

    @property
    def admission(self) -> Admission:
        return Admission(executions=self.executions, records=self.records, limits=self.limits, now=self.now)

    @property
    def job_ports(self) -> JobPorts:
        return JobPorts(
            environment="dev",
            records=self.records,
            objects=self.objects,
            executions=self.admission,
            new_id=self.new_id,
            now=self.now,
        )

    @property
    def ports(self) -> UploadPorts:
        return UploadPorts(
            environment="dev",
            limits=UploadLimits(
                upload_ttl_s=3600, part_url_ttl_s=900, max_transcode_bytes=100 * 10**9, max_open_fetches=1_000
            ),
            records=self.records,
            objects=self.objects,
            schemas=JsonMetadataSchemas(),
            token_key=lambda: b"key of upload tokens",
            signer=FakePartSigner(),
            queue=self.queue,
            new_id=self.new_id,
            now=self.now,
        )

    def create(self, size_bytes: int = 20 * MIB, upload_id: str | None = None, **fields: Any) -> tuple[Upload, Asset]:
        command = NewUpload(
            upload_id=upload_id or self.new_id(Prefix.UPLOAD),
            size_bytes=size_bytes,
            **{"content_type": "video/mp4", "filename": "a.mp4", "title": "A film", "metadata": {}} | fields,
        )
        upload = upload_slots.create_upload(command, caller=self.caller, ports=self.ports)
        return upload, self.asset_of(upload)

    def sign(self, upload: Upload, *numbers: int) -> list[SignedPart]:
        return uploads.sign_parts(
            upload.id,
            numbers,
            caller=self.caller,
            ports=self.ports,
        )

    def put_parts(self, upload: Upload) -> None:
        for number in range(1, part_count(upload.size_bytes, upload.part_size) + 1):
            length = part_length(upload.size_bytes, upload.part_size, number)
            self.objects.put_part(upload.multipart_id, number, length)

    def request_completion(self, upload: Upload) -> Upload:
        return uploads.request_completion(upload.id, caller=self.caller, ports=self.ports)

    def run_completion(self, upload: Upload) -> None:
        complete_upload(
            tenant_id=upload.tenant_id,
            upload_id=upload.id,
            environment="dev",
            records=self.records,
            objects=self.objects,
            new_id=self.new_id,
            now=self.now,
        )

    def accept(self, upload: Upload) -> Job | None:
        return accept_object(
            tenant_id=upload.tenant_id,
            upload_id=upload.id,
            environment="dev",
            records=self.records,
            objects=self.objects,
            executions=self.admission,
            new_id=self.new_id,
            now=self.now,
        )

    def uploaded(self) -> tuple[Upload, Asset, Job]:
        """An upload whose object has arrived and whose job is queued."""
        upload, _ = self.create()
        self.sign(upload, 1)
        self.put_parts(upload)
        self.request_completion(upload)
        self.run_completion(upload)
        job = self.accept(upload)
        assert job is not None
        return self.upload(upload), self.asset_of(upload), job

    def fail(self, job: Job) -> None:
        """As the state machine does it when no attempt is left."""
        fail_transcode(
            tenant_id=job.tenant_id,
            job_id=job.id,
            error=KILLED,
            environment="dev",
            records=self.records,
            new_id=self.new_id,
            now=self.now,
        )

    def retry(self, asset_id: str) -> Job:
        return retry_asset(asset_id, job_id=self.new_id(Prefix.JOB), caller=self.caller, ports=self.job_ports)

    def upload(self, upload: Upload) -> Upload:
        stored = self.records.upload(upload.tenant_id, upload.id)
        assert stored is not None
        return stored

    def asset_of(self, upload: Upload) -> Asset:
        stored = self.records.asset(upload.tenant_id, upload.asset_id)
        assert stored is not None
        return stored

    def event_types(self, asset_id: str) -> list[str]:
        return [event.type for event in self.records.events(self.caller.tenant_id, asset_id)]
