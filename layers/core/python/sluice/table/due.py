"""The `due` index: what somebody has to act on, of all tenants. Pure, like the keys that `sluice.table` spells."""

from enum import StrEnum
from hashlib import sha256

DUE_INDEX = "due"  # KEYS_ONLY and sparse: an item is in it only while somebody has to act on it
DUE_PK = "due_pk"
DUE_SK = "due_sk"
DUE_SHARDS = 16  # one partition takes 1,000 writes/s; the sweeper reads all shards once a minute


class DueKind(StrEnum):
    UPLOAD_EXPIRY = "upload_expiry"  # open uploads past their deadline
    UPLOAD_CHECK = "upload_check"  # completing uploads, and fetches, that may have been forgotten
    JOB_CHECK = "job_check"  # queued or running jobs to look at
    DISPATCH = "dispatch"  # events no delivery exists for yet
    DELIVERY = "delivery"  # deliveries whose next attempt is due
    ROTATION = "rotation"  # endpoints with a secret that signs no longer
    REPLAY = "replay"  # replays whose next step is due
    THUMBNAIL = "thumbnail"  # thumbnails whose picture may have been forgotten
    PICTURE_REMOVAL = "picture_removal"  # chosen posters that no player gets any more


_RARE = (DueKind.ROTATION, DueKind.REPLAY, DueKind.THUMBNAIL, DueKind.PICTURE_REMOVAL)


def due_shards(kind: DueKind) -> int:
    """Rotations, replays and thumbnails are rare, and each shard is a query a minute."""
    return 1 if kind in _RARE else DUE_SHARDS


def due_partition(kind: DueKind, item_id: str) -> str:
    shard = sha256(item_id.encode()).digest()[0] % due_shards(kind)
    return f"DUE#{kind}#{shard}"


def due_partitions(kind: DueKind) -> list[str]:
    return [f"DUE#{kind}#{shard}" for shard in range(due_shards(kind))]
