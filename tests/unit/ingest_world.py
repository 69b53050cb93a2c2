"""A tenant that has files fetched, over fakes."""

from dataclasses import dataclass, field
from typing import Any

from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakePolicy, IntakeRules
from sluice.domain.models import Asset
from sluice.domain.upload import Upload, UploadSource
from sluice.service.ingest import IngestPorts, ingest
from sluice.service.ports import Create
from sluice.service.upload_access import UploadLimits
from sluice.service.upload_slots import NewUpload
from tests.fakes.ingest_sources import FakeIngestSources
from tests.fakes.pipeline import FakeExecutions
from tests.unit.world import World

URL = "https://films.example/film.mp4"


@dataclass
class IngestWorld(World):
    fetches: FakeExecutions = field(default_factory=FakeExecutions)
    sources: FakeIngestSources = field(default_factory=FakeIngestSources)

    @property
    def ingest_ports(self) -> IngestPorts:
        return IngestPorts(
            environment="dev",
            limits=UploadLimits(
                upload_ttl_s=3600, part_url_ttl_s=900, max_transcode_bytes=100 * 10**9, max_open_fetches=1_000
            ),
            records=self.records,
            objects=self.objects,
            schemas=JsonMetadataSchemas(),
            fetches=self.fetches,
            sources=self.sources,
            new_id=self.new_id,
            now=self.now,
        )

    def policy(self, **rules: Any) -> str:
        policy_id = self.new_id(Prefix.INTAKE_POLICY)
        policy = IntakePolicy(
            id=policy_id,
            tenant_id=self.caller.tenant_id,
            name="p",
            rules=IntakeRules.model_validate(rules),
            created_at=self.now(),
            updated_at=self.now(),
        )
        self.records.commit(Create(policy))
        return policy_id

    def command(self, upload_id: str | None = None, url: str = URL, **fields: Any) -> NewUpload:
        return NewUpload(
            upload_id=upload_id or self.new_id(Prefix.UPLOAD),
            size_bytes=0,
            content_type="application/octet-stream",
            source=UploadSource(url=url, headers={"Authorization": "Bearer secret"}),
            **{"metadata": {}, **fields},
        )

    def ingest(self, **fields: Any) -> tuple[Upload, Asset]:
        upload = ingest(self.command(**fields), caller=self.caller, ports=self.ingest_ports)
        return upload, self.asset_of(upload)

    def open_uploads(self) -> int:
        return self.records.usage(self.caller.tenant_id, None).open_uploads
