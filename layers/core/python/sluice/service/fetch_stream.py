"""HTTP to S3 in parts, with at most three parts in memory: one being filled and two on their way.

A connection that breaks is taken up again at the byte where it broke. What cannot be taken up starts over.
"""

import logging

from sluice.domain.errors import ErrorClass, SluiceError
from sluice.domain.parts import MAX_PARTS, MIB, part_length, part_size_for
from sluice.domain.source_errors import SourceBadAnswer, SourceChanged, SourceEmpty, SourceInterrupted
from sluice.domain.upload import Upload
from sluice.domain.upload_errors import UploadClosed
from sluice.service.fetch_parts import FillingPart, stored_prefix
from sluice.service.fetch_steps import SourceFacts, adopt, most_bytes, source_of, still_ours, too_large
from sluice.service.fetch_task import FetchPorts
from sluice.service.fetch_watch import Pace, Watch
from sluice.service.part_uploads import PartUploads
from sluice.service.source_ports import OpenSource

logger = logging.getLogger(__name__)

PARTS_ON_THEIR_WAY = 2
LARGEST_PART = 64 * MIB  # three of them are a small part of the task's memory; makes the largest file 625 GiB
PIECE = MIB
MAX_FAILURES = 10  # in a row
MAX_FAILURES_AT_FIRST = 4  # while not one byte has come: the URL may be plainly wrong
MAX_RESTARTS = 2
LONGEST_PAUSE_S = 30.0


def stream(upload: Upload, ports: FetchPorts) -> tuple[Upload, int]:
    """The upload as its parts are stored now, and how many bytes they are.

    Raises FetchOver, ProviderFailure, or what the source or the upload's rules refuse it for.
    """
    with PartUploads(PARTS_ON_THEIR_WAY) as parts:
        return _Stream(upload, parts, ports).run()


class _Stream:
    def __init__(self, upload: Upload, parts: PartUploads, ports: FetchPorts) -> None:
        source = source_of(upload)
        self._upload, self._parts, self._ports = upload, parts, ports
        self._url, self._headers = source.url, source.headers
        self._most = min(most_bytes(upload, ports.limits), MAX_PARTS * LARGEST_PART)
        self._watch = Watch(ports)
        self._pace = Pace(
            started_at=source.started_at or ports.now(),
            deadline_s=ports.limits.deadline_s,
            min_rate_bytes_s=ports.limits.min_rate_bytes_s,
        )
        self._position = stored_prefix(upload, ports.objects)
        self._restarts = 0
        self._part = self._next_part()

    def run(self) -> tuple[Upload, int]:
        try:
            self._receive()
            self._parts.drain()
        except UploadClosed:
            still_ours(self._upload, self._ports)
            raise
        self._watch.end(self._upload, self._position)
        return self._upload, self._position

    def _receive(self) -> None:
        failures, over = 0, self._part is None and self._position > 0
        while not over:
            before = self._position
            try:
                over = self._connection()
            except SluiceError as error:
                retryable = error.retryable and error.error_class is ErrorClass.INPUT
                if not retryable or self._restarts > MAX_RESTARTS:
                    raise
                # one second's worth, so that a source cannot hold us with a byte for each connection
                moved = self._position - before >= self._ports.limits.min_rate_bytes_s
                failures = 1 if moved else failures + 1
                if failures > (MAX_FAILURES if self._position else MAX_FAILURES_AT_FIRST):
                    raise
                self._wait(error, failures)

    def _wait(self, error: SluiceError, failures: int) -> None:
        logger.info("source_interrupted", extra={"code": error.code, "position": self._position, "failures": failures})
        self._ports.pause(min(LONGEST_PAUSE_S, 0.5 * 2 ** (failures - 1)))
        self._tick()

    def _tick(self) -> None:
        self._pace.check(self._ports.now())
        self._watch.tick(self._upload, self._position)

    def _connection(self) -> bool:
        """Read what one connection brings. True at the file's end; False when it has to be asked for anew."""
        validator = source_of(self._upload).validator if self._position else None
        asked = self._ports.now()
        try:
            with self._ports.sources.open(
                self._url, self._headers, start=self._position, validator=validator
            ) as answer:
                self._pace.add((self._ports.now() - asked).total_seconds(), 0)
                self._take_up(answer)
                self._read(answer)
        except SourceChanged:
            if not self._position:
                raise
            self._start_over(SourceChanged())
            return False
        return True

    def _take_up(self, answer: OpenSource) -> None:
        size = self._upload.size_bytes
        if self._position and answer.start == self._position:
            if size and answer.total not in (None, size):
                raise SourceChanged()
            return
        if self._position:
            known = source_of(self._upload).validator
            self._start_over(
                SourceInterrupted("The source broke off, and has no ranges to go on from there.")
                if known == answer.validator
                else SourceChanged()
            )
        self._adopt(answer)

    def _start_over(self, reason: SluiceError) -> None:
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise reason
        logger.info("fetch_starts_over", extra={"code": reason.code, "position": self._position})
        self._position = 0

    def _adopt(self, answer: OpenSource) -> None:
        if answer.total is not None and answer.total > self._most:
            raise too_large(self._most)
        self._parts.drain()  # before their multipart upload is given up
        part_size = part_size_for(answer.total or self._most)
        facts = SourceFacts(answer.total, answer.content_type, answer.validator, part_size)
        self._upload = adopt(self._upload, facts, self._ports)
        self._part = self._next_part()

    def _next_part(self) -> FillingPart | None:
        """None behind the last one, or while no part size is known."""
        size, part_size = self._upload.size_bytes, self._upload.part_size
        if not self._upload.multipart_id or (size and self._position >= size):
            return None
        number = self._position // part_size + 1
        return FillingPart(number, part_length(size, part_size, number) if size else part_size)

    def _read(self, answer: OpenSource) -> None:
        """To the true end, also behind the last byte that is wanted: only there is the source's word known to hold."""
        while True:
            asked = self._ports.now()
            piece = answer.read(min(PIECE, self._part.room) if self._part else 1)
            self._pace.add((self._ports.now() - asked).total_seconds(), len(piece))
            if not piece:
                break
            self._add(piece)
            self._tick()
        if not self._position:
            raise SourceEmpty()
        if self._position < self._upload.size_bytes:
            raise SourceInterrupted()
        if self._part and not self._part.is_empty:  # the last one of a file whose length was not known
            self._send(self._part)

    def _add(self, piece: bytes) -> None:
        if self._part is None:
            raise SourceBadAnswer("The source sent more than it declared.")
        if self._position + len(piece) > self._most:
            raise too_large(self._most)
        self._part.add(piece)
        self._position += len(piece)
        if not self._part.room:
            self._send(self._part)
            self._part = self._next_part()

    def _send(self, part: FillingPart) -> None:
        upload, objects = self._upload, self._ports.objects
        number, body = part.number, part.taken()
        self._part = None  # its bytes now belong to the thread
        self._parts.submit(lambda: objects.upload_part(upload.key, upload.multipart_id, number, body))
