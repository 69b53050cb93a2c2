"""Traces of many clients at once, against the real use cases. Hypothesis chooses the steps."""

import sys
from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from sluice.domain.errors import WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.intake import ChecksumAlgorithm
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import QuotaExceeded, UploadClosed, UploadExpired, UploadNotFound
from sluice.service import uploads as upload_parts
from tests.faults.upload_traces.checks import check_now, check_quota, check_settled, promised
from tests.faults.upload_traces.choices import BEHIND, DECLARED, JOINING, SECONDS, SIZES, TROUBLES
from tests.faults.upload_traces.clients import FILE, Clients, checksum_of_file, wrong
from tests.faults.upload_traces.cloud import POLICIES, Cloud
from tests.faults.upload_traces.trouble import Trouble
from tests.unit.world import World


class UploadTraces(RuleBasedStateMachine):
    figures: ClassVar[Counter[str]]
    uploads: Bundle[str] = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud(self.figures)
        self.clients = Clients(self.cloud)
        self.commands: dict[str, dict[str, Any]] = {}
        self.figures["traces"] += 1

    def attempt(self, call: Any, trouble: Trouble | None, upload_id: str | None = None) -> Any:
        return self.cloud.attempt(call, trouble, self._deeds(upload_id))

    def _deeds(self, upload_id: str | None) -> dict[str, Any]:
        """What somebody else may do meanwhile: to the same upload, or to the newest when the call is about none."""
        known = self.cloud.records.uploads
        upload_id = upload_id or next(reversed(known), None)
        return self.clients.deeds(known[upload_id]) if upload_id else {}

    @initialize(target=uploads, size=st.sampled_from(SIZES[:-1]))
    def first(self, size: int) -> Any:
        return self._create(size, "none", {}, None)

    @rule(
        target=uploads,
        size=st.sampled_from(SIZES),
        declared=st.sampled_from(DECLARED),
        policy=st.sampled_from((None, None, *POLICIES)),
        creator=st.sampled_from((None, "ann", "bob")),
        transcode=st.sampled_from(("auto", "auto", "none")),
        ttl=st.sampled_from((None, None, 60, 600, 7200)),
        on_duplicate=st.sampled_from(("allow", "return_existing", "reject")),
        trouble=TROUBLES,
    )
    def create(
        self,
        size: int,
        declared: str,
        policy: str | None,
        creator: str | None,
        transcode: str,
        ttl: int | None,
        on_duplicate: str,
        trouble: Trouble | None,
    ) -> Any:
        fields: dict[str, Any] = {
            "policy_id": policy and self.cloud.policies[policy],
            "creator_id": creator,
            "transcode": transcode,
            "upload_ttl_s": ttl,
            "on_duplicate": on_duplicate,
        }
        return self._create(size, declared, fields, trouble)

    def _create(self, size: int, declared: str, fields: dict[str, Any], trouble: Trouble | None) -> Any:
        if declared != "none":
            algorithm = ChecksumAlgorithm.CRC32C if declared == "crc32c" else ChecksumAlgorithm.CRC64NVME
            fields["checksum"] = wrong(algorithm) if declared == "wrong" else checksum_of_file(size, algorithm)
        upload_id = self.cloud.calm.new_id(Prefix.UPLOAD)
        fields |= {"size_bytes": size, "upload_id": upload_id}
        answer = self.attempt(lambda world: self._slot(world, fields, trouble), trouble)
        if not isinstance(answer, Upload):
            if trouble is None and isinstance(answer, QuotaExceeded):
                check_quota(self.cloud, fields, refused=True)
            return multiple()
        if trouble is None and answer.id == upload_id:
            check_quota(self.cloud, fields, refused=False)
        self.commands.setdefault(answer.id, fields)
        self.figures["uploads"] += answer.id == upload_id
        return answer.id

    @staticmethod
    def _slot(world: World, fields: dict[str, Any], trouble: Trouble | None) -> Upload | None:
        """The one call that leaves a conflict to its client."""
        try:
            return world.create(**fields)[0]
        except WriteConflict:
            assert trouble and trouble.kind == "conflict"
            return None

    @rule(upload_id=uploads, trouble=TROUBLES)
    def again_and_by_others(self, upload_id: str, trouble: Trouble | None) -> None:
        """The request for the slot is repeated: it answers with what exists. Another tenant's key finds nothing."""
        answer = self.attempt(lambda world: self._slot(world, self.commands[upload_id], trouble), trouble, upload_id)
        assert not isinstance(answer, Upload) or answer.id == upload_id
        for call in self.clients.trespass(self.cloud.upload(upload_id)):
            assert isinstance(self.attempt(lambda _world, call=call: call(), None), UploadNotFound)

    @rule(
        upload_id=uploads,
        which=st.sampled_from(("all", "first", "last", "zero", "beyond", "10001")),
        summed=st.booleans(),
        trouble=TROUBLES,
    )
    def sign(self, upload_id: str, which: str, summed: bool, trouble: Trouble | None) -> None:
        upload = self.cloud.upload(upload_id)
        answer = self.attempt(lambda world: self.clients.sign(world, upload, which, summed=summed), trouble, upload_id)
        late = upload.deadline <= self.cloud.calm.now()
        if trouble is None and (late or upload.state is not UploadState.OPEN):
            assert isinstance(answer, UploadClosed | UploadExpired)

    @rule(
        upload_id=uploads,
        which=st.sampled_from(("all", "first", "last")),
        content=st.sampled_from((FILE, "y")),
        longer=st.sampled_from((0, 0, 0, 1, -1)),
    )
    def put(self, upload_id: str, which: str, content: str, longer: int) -> None:
        upload = self.cloud.upload(upload_id)
        self.attempt(lambda _world: self.clients.put(upload, which, content, longer=longer), None)

    @rule(upload_id=uploads, trouble=TROUBLES)
    def send(self, upload_id: str, trouble: Trouble | None) -> None:
        """The whole file."""
        upload = self.cloud.upload(upload_id)
        self.attempt(lambda world: self.clients.send(world, upload), trouble, upload_id)

    @rule(
        upload_id=uploads,
        checksum=st.sampled_from(("none", "none", "right", "wrong")),
        wait=st.booleans(),
        trouble=JOINING,
    )
    def complete(self, upload_id: str, checksum: str, wait: bool, trouble: Trouble | None) -> None:
        upload = self.cloud.upload(upload_id)
        answer = self.attempt(
            lambda world: self.clients.complete(world, upload, checksum, wait=wait), trouble, upload_id
        )
        if trouble is None and upload.state is UploadState.ABORTED:
            assert isinstance(answer, UploadClosed)

    @rule(upload_id=uploads, really=st.sampled_from((True, False, False)), trouble=TROUBLES)
    def abort_or_list(self, upload_id: str, really: bool, trouble: Trouble | None) -> None:
        """Listing, twice as often."""
        if not really:
            self.attempt(
                lambda world: upload_parts.list_parts(upload_id, caller=world.caller, ports=world.ports),
                trouble,
                upload_id,
            )
            return
        upload = self.cloud.upload(upload_id)
        answer = self.attempt(lambda world: self.clients.abort(world, upload), trouble, upload_id)
        if trouble is None:
            refused = upload.state not in (UploadState.OPEN, UploadState.ABORTED)
            assert isinstance(answer, UploadClosed) is refused

    @rule(upload_id=uploads, wait=st.booleans(), trouble=JOINING)
    def finish(self, upload_id: str, wait: bool, trouble: Trouble | None) -> None:
        """As a good client does: the whole file, and then its completion."""
        upload = self.cloud.upload(upload_id)
        self.attempt(lambda world: self.clients.send(world, upload), None)
        self.attempt(lambda world: self.clients.complete(world, upload, "none", wait=wait), trouble, upload_id)

    @rule(upload_id=uploads, deed=st.sampled_from(BEHIND))
    def behind(self, upload_id: str, deed: tuple[Any, ...]) -> None:
        """Straight in S3, with more rights than a signed URL gives."""
        name, *how = deed
        upload = self.cloud.upload(upload_id)
        self.attempt(lambda _world: getattr(self.clients, name)(upload, *how), None)

    @precondition(lambda self: self.cloud.calm.queue.sent)
    @rule(which=st.integers(0, 2), again=st.booleans(), trouble=JOINING)
    def completion_message(self, which: int, again: bool, trouble: Trouble | None) -> None:
        """In any order; it comes again when its receiver dies, and sometimes without a reason."""
        sent = self.cloud.calm.queue.sent
        message = sent.pop(which % len(sent))
        answer = self.attempt(lambda world: self.cloud.deliver_completion(world, message), trouble, message[1])
        if again or isinstance(answer, BaseException):
            sent.append(message)

    @precondition(lambda self: self.cloud.bucket.events)
    @rule(which=st.integers(0, 2), again=st.booleans(), trouble=TROUBLES)
    def object_event(self, which: int, again: bool, trouble: Trouble | None) -> None:
        told = self.cloud.bucket.events
        key = told.pop(which % len(told))
        answer = self.attempt(lambda world: self.cloud.deliver_event(world, key), trouble, key.rpartition("/")[2])
        if again or isinstance(answer, BaseException):
            told.append(key)

    @precondition(lambda self: self.cloud.calm.queue.sent or self.cloud.bucket.events)
    @rule()
    def lose_messages(self) -> None:
        self.cloud.calm.queue.sent.clear()
        self.cloud.bucket.events.clear()

    @precondition(lambda self: self.cloud.calm.queue.sent or self.cloud.bucket.events)
    @rule(trouble=JOINING)
    def deliver(self, trouble: Trouble | None) -> None:
        """As it goes nearly always: every message once, soon and in order."""
        self.attempt(self.cloud.drain, trouble, next((sent[1] for sent in self.cloud.calm.queue.sent), None))

    @rule(seconds=st.sampled_from(SECONDS))
    def wait(self, seconds: int) -> None:
        self.cloud.calm.now.tick(seconds=seconds)

    @rule(trouble=TROUBLES)
    def sweep(self, trouble: Trouble | None) -> None:
        may_fail = trouble is not None and trouble.kind == "fault"
        self.attempt(lambda world: self.cloud.sweep(world, may_fail=may_fail), trouble)

    @invariant()
    def holds(self) -> None:
        check_now(self.cloud)
        self.cloud.step()

    def teardown(self) -> None:
        """One reconcile when every deadline has passed, and the messages that it sends."""
        if sys.exc_info()[0] is not None:  # the trace has ended before its end
            return
        kept = promised(self.cloud)
        self.cloud.calm.now.tick(days=8)
        self.cloud.sweep(self.cloud.calm)
        self.cloud.drain(self.cloud.calm)
        check_settled(self.cloud, kept)
        self._count()

    def _count(self) -> None:
        for upload in self.cloud.records.uploads.values():
            self.figures[upload.state.value] += 1
        self.figures["objects"] += len(self.cloud.bucket.history)
        self.figures["joined behind our back"] += sum(not stored.by_us for stored in self.cloud.bucket.history)
