"""Many sources in one call. Each is taken or refused by itself; a repetition of the call takes nothing twice.

Every slot of a tenant counts in the same row, so transactions of their own would wait for, or collide with, each other:
slots are stored several in one transaction, and only where that fails one by one.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from sluice.domain.encoding import ProfileRef
from sluice.domain.errors import ProviderFailure, SluiceError, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.ingest import IngestBatch, Refusal, fitting
from sluice.domain.intake import IntakeRules
from sluice.domain.models import Asset
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadNotFound
from sluice.service import idempotency
from sluice.service.encoding_profiles import profile_ref
from sluice.service.ingest import IngestPorts, check_source, start_all
from sluice.service.intake_checks import rules_of
from sluice.service.ports import Count, Create, Write
from sluice.service.upload_access import Caller, asset_of
from sluice.service.upload_slots import NewUpload, Slot, check_slot, create_upload, new_slot

SLOTS_AT_ONCE = 14  # seven rows each, when every one has a creator of its own: a transaction has 100 at most
READS_AT_ONCE = 8
STORING = timedelta(seconds=17)  # the gateway gives a call 30 s, and an answer takes its time to be written
STARTING = timedelta(seconds=22)
LATE = "There was no time left for this one; repeat the call with the same Idempotency-Key."


class Item(NamedTuple):
    """What became of one source: either of the two."""

    asset: Asset | None
    refusal: Refusal | None


class Numbered(NamedTuple):
    place: int
    command: NewUpload
    slot: Slot


class Unfinished(ProviderFailure):
    """Some sources failed on our side: the key is handed back, so that a repetition of the call goes on."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.items = items


@dataclass
class Batch:
    """One run over one batch."""

    caller: Caller
    ports: IngestPorts
    items: dict[int, Item] = field(default_factory=dict)
    to_start: list[Upload] = field(default_factory=list)
    rules: dict[str | None, IntakeRules] = field(default_factory=dict)
    profiles: dict[str | None, ProfileRef | None] = field(default_factory=dict)

    def took(self, index: int, upload: Upload, asset: Asset) -> None:
        self.items[index] = Item(asset, None)
        self.to_start.append(upload)

    def refused(self, index: int, error: SluiceError) -> None:
        self.items[index] = Item(None, Refusal.of(index, error))

    def rules_for(self, policy_id: str | None) -> IntakeRules:
        if policy_id not in self.rules:
            self.rules[policy_id] = rules_of(policy_id, tenant_id=self.caller.tenant_id, records=self.ports.records)
        return self.rules[policy_id]

    def profile_for(self, profile_id: str | None) -> ProfileRef | None:
        if profile_id not in self.profiles:
            found = profile_ref(profile_id, tenant_id=self.caller.tenant_id, records=self.ports.records)
            self.profiles[profile_id] = found
        return self.profiles[profile_id]


def ingest_once(
    request: idempotency.Request,
    commands: Callable[[str], Sequence[NewUpload]],
    *,
    caller: Caller,
    ports: IngestPorts,
) -> tuple[list[Item], bool]:
    """`commands` gives every source the id that its place in the batch of this id has. The flag says: a replay.

    Raises IdempotencyKeyReused, IdempotencyInFlight.
    """

    def make(batch_id: str) -> list[Item]:
        items = ingest_batch(commands(batch_id), caller=caller, ports=ports)
        if any(item.refusal and item.refusal.retryable for item in items):
            raise Unfinished(items)
        if request.key is not None:
            _remember(batch_id, items, caller, ports)
        return items

    def find(batch_id: str) -> list[Item] | None:
        return _remembered(commands(batch_id), ports.records.ingest_batch(caller.tenant_id, batch_id), caller, ports)

    try:
        return idempotency.once(
            request,
            fresh_id=ports.new_id(Prefix.INGEST_BATCH),
            make=make,
            find=find,
            records=ports.records,
            now=ports.now,
        )
    except Unfinished as unfinished:
        return unfinished.items, False


def ingest_batch(commands: Sequence[NewUpload], *, caller: Caller, ports: IngestPorts) -> list[Item]:
    began, batch = ports.now(), Batch(caller, ports)
    numbered = list(enumerate(commands))
    for first in range(0, len(commands), SLOTS_AT_ONCE):
        group = numbered[first : first + SLOTS_AT_ONCE]
        if ports.now() - began < STORING:  # also before the checks: metadata under a costly schema takes its time
            _store([one for index, command in group for one in _checked(index, command, batch)], batch)
        else:
            for index, _ in group:
                batch.refused(index, ProviderFailure(LATE))
    start_all(batch.to_start, ports, until=began + STARTING)
    for refusal in fitting([item.refusal for item in batch.items.values() if item.refusal]):
        batch.items[refusal.index] = Item(None, refusal)
    return [batch.items[index] for index in range(len(commands))]


def _checked(index: int, command: NewUpload, batch: Batch) -> list[Numbered]:
    try:
        check_source(command, batch.ports, resolve=False)  # a thousand slow names must not hold the call
        rules = batch.rules_for(command.policy_id)
        check_slot(command, rules, batch.caller, batch.ports)
        profile = batch.profile_for(command.profile_id or rules.encoding_profile_id)
        return [Numbered(index, command, new_slot(command, rules, profile, batch.caller, batch.ports))]
    except SluiceError as error:
        batch.refused(index, error)
        return []


def _store(group: Sequence[Numbered], batch: Batch) -> None:
    if not group:
        return
    try:
        batch.ports.records.commit(*_merged(write for one in group for write in one.slot.writes))
    except ProviderFailure as error:
        for one in group:
            batch.refused(one.place, error)
    except SluiceError:  # a quota, or what an earlier run of this batch has stored: which ones, each says by itself
        for one in group:
            _store_alone(one, batch)
    else:
        for one in group:
            batch.took(one.place, one.slot.upload, one.slot.asset)


def _store_alone(one: Numbered, batch: Batch) -> None:
    try:
        upload = create_upload(one.command, caller=batch.caller, ports=batch.ports)
        batch.took(one.place, upload, asset_of(batch.ports.records, upload))
    except SluiceError as error:
        batch.refused(one.place, error)


def _merged(writes: Iterable[Write]) -> list[Write]:
    """A transaction touches each row once: what is counted is added up, under the lowest of its limits."""
    rows: list[Write] = []
    counts: dict[str | None, Count] = {}
    for write in writes:
        if isinstance(write, Count):
            counts[write.creator_id] = _sum(counts[write.creator_id], write) if write.creator_id in counts else write
        else:
            rows.append(write)
    return [*rows, *counts.values()]


def _sum(one: Count, other: Count) -> Count:
    return Count(
        one.tenant_id,
        one.creator_id,
        one.uploads + other.uploads,
        one.size_bytes + other.size_bytes,
        _lowest(one.max_uploads, other.max_uploads),
        _lowest(one.max_bytes, other.max_bytes),
        one.fetches + other.fetches,
        _lowest(one.max_fetches, other.max_fetches),
    )


def _lowest(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _remember(batch_id: str, items: Sequence[Item], caller: Caller, ports: IngestPorts) -> None:
    batch = IngestBatch(
        id=batch_id,
        tenant_id=caller.tenant_id,
        size=len(items),
        refusals=tuple(item.refusal for item in items if item.refusal),
        created_at=ports.now(),
    )
    with suppress(WriteConflict):  # a run that was taken for dead has written it
        ports.records.commit(Create(batch))


def _remembered(
    commands: Sequence[NewUpload], batch: IngestBatch | None, caller: Caller, ports: IngestPorts
) -> list[Item] | None:
    if batch is None:
        return None
    refusals = {refusal.index: refusal for refusal in batch.refusals}

    def read(index: int) -> Item:
        if index in refusals:
            return Item(None, refusals[index])
        upload = ports.records.upload(caller.tenant_id, commands[index].upload_id)
        if upload is None:
            return Item(None, Refusal.of(index, UploadNotFound()))
        return Item(asset_of(ports.records, upload), None)

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        return list(pool.map(read, range(len(commands))))
