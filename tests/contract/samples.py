"""Records as the product makes them; each call makes a new one."""

from datetime import UTC, datetime, timedelta

from sluice.domain.endpoint_health import EndpointHealth, SendSlot
from sluice.domain.ids import Prefix
from sluice.domain.models import Asset, Delivery, Job, WebhookEndpoint
from sluice.domain.replays import Replay, Selection
from sluice.domain.states import AssetState, DeliveryState, JobState, ThumbnailState, UploadState
from sluice.domain.thumbnails import Thumbnail
from sluice.domain.upload import Upload
from tests.fakes.time import FakeIds

MOMENT = datetime(2026, 12, 1, 10, 0, 0, 123000, tzinfo=UTC)
new_id = FakeIds()
TENANT = new_id(Prefix.TENANT)


def make_asset(**changes: object) -> Asset:
    fields: dict[str, object] = {
        "id": new_id(Prefix.ASSET),
        "tenant_id": TENANT,
        "state": AssetState.CREATED,
        "upload_id": new_id(Prefix.UPLOAD),
        "playback_ids": (new_id(Prefix.PLAYBACK),),
        "metadata": {"camera": "1"},
        "duration_s": 12.387,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Asset.model_validate(fields | changes)


def make_upload(**changes: object) -> Upload:
    fields: dict[str, object] = {
        "id": new_id(Prefix.UPLOAD),
        "tenant_id": TENANT,
        "asset_id": new_id(Prefix.ASSET),
        "state": UploadState.OPEN,
        "key": "uploads/x",
        "multipart_id": "m",
        "size_bytes": 1,
        "part_size": 8 << 20,
        "content_type": "video/mp4",
        "filename": None,
        "expires_at": MOMENT + timedelta(hours=1),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Upload.model_validate(fields | changes)


def make_job(**changes: object) -> Job:
    fields: dict[str, object] = {
        "id": new_id(Prefix.JOB),
        "tenant_id": TENANT,
        "asset_id": new_id(Prefix.ASSET),
        "state": JobState.QUEUED,
        "source_key": "uploads/x",
        "source_bytes": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Job.model_validate(fields | changes)


def make_delivery(**changes: object) -> Delivery:
    fields: dict[str, object] = {
        "id": new_id(Prefix.DELIVERY),
        "tenant_id": TENANT,
        "webhook_id": new_id(Prefix.WEBHOOK),
        "event_id": new_id(Prefix.EVENT),
        "event_type": "upload.complete",
        "asset_id": new_id(Prefix.ASSET),
        "sequence": 1,
        "state": DeliveryState.PENDING,
        "next_attempt_at": MOMENT,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Delivery.model_validate(fields | changes)


def make_webhook(**changes: object) -> WebhookEndpoint:
    fields: dict[str, object] = {
        "id": new_id(Prefix.WEBHOOK),
        "tenant_id": TENANT,
        "url": "https://example.com/hook",
        "description": None,
        "event_types": ("*",),
        "secret_ciphertext": "c",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return WebhookEndpoint.model_validate(fields | changes)


def make_slot(**changes: object) -> SendSlot:
    fields: dict[str, object] = {
        "tenant_id": TENANT,
        "webhook_id": new_id(Prefix.WEBHOOK),
        "number": 0,
        "event_id": new_id(Prefix.EVENT),
        "taken_at": MOMENT,
        "free_at": MOMENT + timedelta(seconds=35),
    }
    return SendSlot.model_validate(fields | changes)


def make_health(**changes: object) -> EndpointHealth:
    fields: dict[str, object] = {
        "tenant_id": TENANT,
        "webhook_id": new_id(Prefix.WEBHOOK),
        "failing_since": MOMENT,
        "updated_at": MOMENT,
    }
    return EndpointHealth.model_validate(fields | changes)


def make_replay(**changes: object) -> Replay:
    fields: dict[str, object] = {
        "id": new_id(Prefix.REPLAY),
        "tenant_id": TENANT,
        "webhook_id": new_id(Prefix.WEBHOOK),
        "selection": Selection(event_ids=(new_id(Prefix.EVENT),)),
        "matched": 1,
        "next_step_at": MOMENT,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Replay.model_validate(fields | changes)


def make_thumbnail(**changes: object) -> Thumbnail:
    fields: dict[str, object] = {
        "id": new_id(Prefix.THUMBNAIL),
        "tenant_id": TENANT,
        "asset_id": new_id(Prefix.ASSET),
        "number": 1,
        "time_s": 12.345,
        "state": ThumbnailState.PENDING,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "correlation_id": "cor",
    }
    return Thumbnail.model_validate(fields | changes)
