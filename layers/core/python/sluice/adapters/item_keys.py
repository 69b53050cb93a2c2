"""Where each record stands in the table."""

from sluice import table
from sluice.domain.asset_jobs import AssetJob
from sluice.domain.audit import AuditRecord
from sluice.domain.chunks import ChunkPart, ChunkPlan
from sluice.domain.deliveries import AssetDelivery, DeliveryAttempt
from sluice.domain.encoding import CurrentProfile, EncodingProfile
from sluice.domain.endpoint_health import EndpointHealth, SendSlot
from sluice.domain.events import Event
from sluice.domain.feed import FeedEntry, FeedHead, FeedHour, FeedPlace, FeedWaiter
from sluice.domain.idempotency import IdempotencyRecord
from sluice.domain.ingest import IngestBatch
from sluice.domain.intake import IntakePolicy
from sluice.domain.leases import Lease, LeaseBook
from sluice.domain.models import (
    ApiKey,
    Asset,
    AssetVersion,
    Delivery,
    Job,
    JobProgress,
    JobResult,
    Model,
    PlaybackLookup,
    Tenant,
    WebhookEndpoint,
)
from sluice.domain.quality import QualityChoice
from sluice.domain.redrives import RedrivePace
from sluice.domain.replays import Replay, ReplayPlace
from sluice.domain.thumbnails import DiscardedPicture, Thumbnail, ThumbnailCount, ThumbnailRow
from sluice.domain.upload import Fingerprint, Upload, UploadProgress
from sluice.table import Key


def key_of(record: Model) -> Key:
    match record:
        case Tenant():
            return table.tenant(record.id)
        case ApiKey():
            return table.api_key_lookup(record.id)
        case Asset():
            return table.asset(record.tenant_id, record.id)
        case AssetVersion():
            return table.asset_version(record.tenant_id, record.asset_id, record.id)
        case PlaybackLookup():
            return table.playback_lookup(record.playback_id)
        case Event():
            return event_key(record.tenant_id, record.id, record.asset_id, record.sequence)
        case WebhookEndpoint() | Delivery() | DeliveryAttempt() | EndpointHealth() | SendSlot():
            return _webhook_key(record)
        case Upload() | UploadProgress() | IntakePolicy() | Fingerprint() | IngestBatch():
            return _intake_key(record)
        case FeedHead() | FeedHour() | FeedEntry() | FeedPlace() | FeedWaiter():
            return _feed_key(record)
        case _:
            return _work_key(record)


def event_key(tenant_id: str, event_id: str, asset_id: str | None, sequence: int | None) -> Key:
    if asset_id is None or sequence is None:
        return table.tenant_event(tenant_id, event_id)
    return table.event(tenant_id, asset_id, sequence)


def _intake_key(record: Upload | UploadProgress | IntakePolicy | Fingerprint | IngestBatch) -> Key:
    match record:
        case Upload():
            return table.upload(record.tenant_id, record.id)
        case UploadProgress():
            return table.upload_progress(record.tenant_id, record.upload_id)
        case IntakePolicy():
            return table.intake_policy(record.tenant_id, record.id)
        case Fingerprint():
            return table.fingerprint(record.tenant_id, record.digest)
        case IngestBatch():
            return table.ingest_batch(record.tenant_id, record.id)


def _webhook_key(record: WebhookEndpoint | Delivery | DeliveryAttempt | EndpointHealth | SendSlot) -> Key:
    match record:
        case WebhookEndpoint():
            return table.webhook(record.tenant_id, record.id)
        case Delivery():
            return table.delivery(record.tenant_id, record.webhook_id, record.event_id)
        case DeliveryAttempt():
            return table.delivery_attempt(record.tenant_id, record.webhook_id, record.event_id, record.number)
        case EndpointHealth():
            return table.endpoint_health(record.tenant_id, record.webhook_id)
        case SendSlot():
            return table.send_slot(record.tenant_id, record.webhook_id, record.number)


def _replay_key(record: Replay | ReplayPlace | RedrivePace) -> Key:
    match record:
        case Replay():
            return table.replay(record.tenant_id, record.webhook_id, record.id)
        case ReplayPlace():
            return table.replay_place(record.tenant_id, record.number)
        case RedrivePace():
            return table.redrive_pace(record.tenant_id)


def _feed_key(record: FeedHead | FeedHour | FeedEntry | FeedPlace | FeedWaiter) -> Key:
    match record:
        case FeedHead():
            return table.feed_head(record.tenant_id)
        case FeedHour():
            return table.feed_hour(record.tenant_id, record.hour)
        case FeedEntry():
            return table.feed_entry(record.tenant_id, record.hour, record.number)
        case FeedPlace():
            return table.feed_place(record.tenant_id, record.event_id)
        case FeedWaiter():
            return table.feed_waiter(record.tenant_id, record.place)


def _encoding_key(record: EncodingProfile | CurrentProfile | Lease | LeaseBook) -> Key:
    match record:
        case EncodingProfile():
            return table.encoding_profile(record.tenant_id, record.id, record.revision)
        case CurrentProfile(profile=profile):
            return table.current_profile(profile.tenant_id, profile.id)
        case Lease():
            return table.lease(record.job_id)
        case LeaseBook():
            return table.lease_book()


def _work_key(record: Model) -> Key:
    match record:
        case EncodingProfile() | CurrentProfile() | Lease() | LeaseBook():
            return _encoding_key(record)
        case Replay() | ReplayPlace() | RedrivePace():
            return _replay_key(record)
        case Job():
            return table.job(record.tenant_id, record.id)
        case AssetDelivery():
            return table.asset_delivery(record.tenant_id, record.asset_id, record.webhook_id, record.event_id)
        case AssetJob():
            return table.asset_job(record.tenant_id, record.asset_id, record.job_id)
        case AuditRecord():
            return table.asset_audit(record.tenant_id, record.asset_id, record.id)
        case JobProgress() | JobResult() | QualityChoice() | ChunkPlan() | ChunkPart():
            return _job_part_key(record)
        case Thumbnail() | ThumbnailCount() | DiscardedPicture():
            return _thumbnail_key(record)
        case IdempotencyRecord():
            return table.idempotency(record.tenant_id, record.route, record.key)
        case _:
            raise TypeError(f"{type(record).__name__} is not stored")


def _job_part_key(record: JobProgress | JobResult | QualityChoice | ChunkPlan | ChunkPart) -> Key:
    match record:
        case JobProgress():
            return table.job_progress(record.tenant_id, record.job_id)
        case JobResult():
            return table.job_result(record.tenant_id, record.job_id, record.attempt, record.unit)
        case QualityChoice():
            return table.job_quality(record.tenant_id, record.job_id)
        case ChunkPlan():
            return table.chunk_plan(record.tenant_id, record.job_id, record.id)
        case ChunkPart():
            return table.chunk_part(record.tenant_id, record.job_id, record.plan_id, record.name)


def _thumbnail_key(record: ThumbnailRow) -> Key:
    match record:
        case Thumbnail():
            return table.thumbnail(record.tenant_id, record.asset_id, record.id)
        case ThumbnailCount():
            return table.thumbnail_count(record.tenant_id, record.asset_id)
        case DiscardedPicture():
            return table.discarded_picture(record.tenant_id, record.asset_id, record.thumbnail_id)
