"""Key and index names of the one table: pure, and the only place where they are spelled.

Read by CDK (indexes, grants), adapters (items) and tests. Tenant data is tenant-first: every partition key starts with
`TENANT#{tenant}`. Three exceptions: `LOOKUP#...` (rows read before the tenant is known), the sparse `due` index (work
across tenants), and `LEASES` (the vCPUs that all tenants share).
"""

from hashlib import sha256
from typing import NamedTuple

from sluice.table.due import DUE_INDEX as DUE_INDEX
from sluice.table.due import DUE_PK as DUE_PK
from sluice.table.due import DUE_SHARDS as DUE_SHARDS
from sluice.table.due import DUE_SK as DUE_SK
from sluice.table.due import DueKind as DueKind
from sluice.table.due import due_partition as due_partition
from sluice.table.due import due_partitions as due_partitions

PK = "pk"
SK = "sk"
TTL = "ttl"
VERSION = "version"

LOOKUPS = "LOOKUP#"  # partitions of what says whose something is
LEASES = "LEASES"  # one partition for all tenants, because they share one limit

LIST_INDEX = "list"  # KEYS_ONLY: resources of a tenant, newest first; rows are pointers without copied state
LIST_PK = "list_pk"
LIST_SK = "list_sk"


class Key(NamedTuple):
    pk: str
    sk: str


def tenant(tenant_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}", "TENANT")


def api_key_lookup(key_id: str) -> Key:
    return Key(f"{LOOKUPS}KEY#{key_id}", "LOOKUP")


def playback_lookup(playback_id: str) -> Key:
    return Key(f"{LOOKUPS}PLAYBACK#{playback_id}", "LOOKUP")


def upload(tenant_id: str, upload_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#UPLOAD#{upload_id}", "UPLOAD")


def upload_progress(tenant_id: str, upload_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#UPLOAD#{upload_id}", "PROGRESS")


def ingest_batch(tenant_id: str, batch_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#INGEST_BATCH#{batch_id}", "INGEST_BATCH")


def intake_policy(tenant_id: str, policy_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#INTAKE_POLICIES", f"POLICY#{policy_id}")


def current_profile(tenant_id: str, profile_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ENCODING_PROFILES", f"PROFILE#{profile_id}")


def encoding_profile(tenant_id: str, profile_id: str, revision: int) -> Key:
    return Key(f"TENANT#{tenant_id}#ENCODING_PROFILE#{profile_id}", f"REVISION#{revision:010d}")


def lease(job_id: str) -> Key:
    return Key(LEASES, f"JOB#{job_id}")


def lease_book() -> Key:
    return Key(LEASES, "BOOK")


def usage(tenant_id: str, creator_id: str | None) -> Key:
    """What is open: of the whole tenant, or of one creator."""
    return Key(f"TENANT#{tenant_id}#USAGE", "TENANT" if creator_id is None else f"CREATOR#{creator_id}")


def fingerprint(tenant_id: str, digest: str) -> Key:
    return Key(f"TENANT#{tenant_id}#FINGERPRINT#{digest}", "FINGERPRINT")


def asset(tenant_id: str, asset_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}", "ASSET")


def asset_version(tenant_id: str, asset_id: str, version_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}", f"VERSION#{version_id}")


def thumbnail(tenant_id: str, asset_id: str, thumbnail_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#THUMBNAILS", thumbnail_id)


def thumbnail_count(tenant_id: str, asset_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}", "THUMBNAIL_COUNT")


def discarded_picture(tenant_id: str, asset_id: str, thumbnail_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#DISCARDED_PICTURES", thumbnail_id)


def event(tenant_id: str, asset_id: str, sequence: int) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}", f"EVENT#{sequence:010d}")


def tenant_event(tenant_id: str, event_id: str) -> Key:
    """Of an event about no asset. Rare: they share a partition."""
    return Key(f"TENANT#{tenant_id}#EVENTS", f"EVENT#{event_id}")


def feed_head(tenant_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#FEED", "HEAD")


def feed_hour(tenant_id: str, hour: str) -> Key:
    """Which hours have events: their partitions cannot be listed."""
    return Key(f"TENANT#{tenant_id}#FEED", f"HOUR#{hour}")


def feed_entry(tenant_id: str, hour: str, number: int) -> Key:
    """A partition for an hour, so that none grows without end."""
    return Key(f"TENANT#{tenant_id}#FEED#{hour}", f"{number:012d}")


def feed_place(tenant_id: str, event_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#FEED_EVENT#{event_id}", "PLACE")


def feed_waiter(tenant_id: str, place: int) -> Key:
    return Key(f"TENANT#{tenant_id}#FEED_WAITERS", f"PLACE#{place:03d}")


def job(tenant_id: str, job_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}", "JOB")


def asset_job(tenant_id: str, asset_id: str, job_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#JOBS", job_id)


def job_progress(tenant_id: str, job_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}", "PROGRESS")


def job_result(tenant_id: str, job_id: str, attempt: int, unit: str = "") -> Key:
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}", f"RESULT#{unit}#{attempt:03d}" if unit else f"RESULT#{attempt:03d}")


def chunk_plan(tenant_id: str, job_id: str, plan_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}", f"PLAN#{plan_id}")


def chunk_part(tenant_id: str, job_id: str, plan_id: str, name: str) -> Key:
    """Apart from the job's other rows, so that counting parts reads nothing else."""
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}#PLAN#{plan_id}", f"PART#{name}")


def job_quality(tenant_id: str, job_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#JOB#{job_id}", "QUALITY")


def webhook(tenant_id: str, webhook_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#WEBHOOKS", f"WEBHOOK#{webhook_id}")


def delivery(tenant_id: str, webhook_id: str, event_id: str) -> Key:
    """Keyed by event, so that one (event, endpoint) pair can never have two deliveries."""
    return Key(f"TENANT#{tenant_id}#WEBHOOK#{webhook_id}", f"DELIVERY#{event_id}")


def endpoint_health(tenant_id: str, webhook_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#WEBHOOK#{webhook_id}#GATE", "HEALTH")


def send_slot(tenant_id: str, webhook_id: str, number: int) -> Key:
    """Beside the health, so that one query reads all of a gate."""
    return Key(endpoint_health(tenant_id, webhook_id).pk, f"SLOT#{number:03d}")


def delivery_attempt(tenant_id: str, webhook_id: str, event_id: str, attempt: int) -> Key:
    """Apart from the deliveries, so that a list of those reads nothing else."""
    return Key(f"TENANT#{tenant_id}#WEBHOOK#{webhook_id}#DELIVERY#{event_id}", f"ATTEMPT#{attempt:03d}")


def asset_delivery(tenant_id: str, asset_id: str, webhook_id: str, event_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#DELIVERIES", f"{event_id}#{webhook_id}")


def asset_audit(tenant_id: str, asset_id: str, audit_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#AUDIT", audit_id)


def asset_denial(tenant_id: str, asset_id: str, minute: str, reason: str) -> Key:
    return Key(f"TENANT#{tenant_id}#ASSET#{asset_id}#DENIALS", f"{minute}#{reason}")


def replay(tenant_id: str, webhook_id: str, replay_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#WEBHOOK#{webhook_id}#REPLAYS", f"REPLAY#{replay_id}")


def replay_place(tenant_id: str, number: int) -> Key:
    return Key(f"TENANT#{tenant_id}#REPLAY_PLACES", f"PLACE#{number:03d}")


def redrive_pace(tenant_id: str) -> Key:
    return Key(f"TENANT#{tenant_id}#REDRIVES", "PACE")


def idempotency(tenant_id: str, route: str, key: str) -> Key:
    digest = sha256(key.encode()).hexdigest()
    return Key(f"TENANT#{tenant_id}#IDEMPOTENCY#{route}#{digest}", "IDEMPOTENCY")


def dead_letter_list(tenant_id: str) -> str:
    return f"TENANT#{tenant_id}#DEAD_LETTERS"


def asset_list(tenant_id: str) -> str:
    return f"TENANT#{tenant_id}#ASSETS"


def job_list(tenant_id: str) -> str:
    return f"TENANT#{tenant_id}#JOBS"
