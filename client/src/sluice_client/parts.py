"""The parts of one file, sent side by side straight from the file; every part is repeated by itself."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

import urllib3

from sluice_client.errors import ConnectionFailed, FileChanged, PartRefused, SluiceError, UnexpectedAnswer
from sluice_client.retries import Retries, retry_after_s
from sluice_client.upload_models import SignedPart

# Python's socket timeout is for a whole sendall: a small block keeps slow lines (4 KB/s) from failing.
BLOCK = 128 * 1024
TIMEOUT = urllib3.Timeout(connect=30, read=120)  # `connect` is also what each block may take
FRESH_S = 300.0  # a URL lives 15 minutes; it is not begun with in the last ten
LARGEST_PAGE = 250
FORBIDDEN_LIMIT = 3  # 403 three times in a row, each with a new URL, is no matter of age
LEAVING_S = 2.0  # how long to wait for threads that were told to stop

Sign = Callable[[Sequence[int]], list[SignedPart]]


@dataclass(frozen=True)
class Transferred:
    """`sent_bytes` includes what was stored before this run, `stored_bytes` as well."""

    sent_bytes: int
    stored_bytes: int
    total_bytes: int


OnProgress = Callable[[Transferred], None]


class Stopped(SluiceError):
    """Another part failed, or the user interrupted: this one was left in the middle."""


class Tally:
    """Adds up what all threads send; tells one after the other."""

    def __init__(self, total_bytes: int, tell: OnProgress | None) -> None:
        self._lock = Lock()
        self._now = Transferred(0, 0, total_bytes)
        self._tell = tell
        self.parts = 0  # stored by this run

    def start_at(self, stored_bytes: int) -> None:
        with self._lock:
            self._change(sent=stored_bytes - self._now.sent_bytes, stored=stored_bytes - self._now.stored_bytes)

    def sent(self, count: int) -> None:
        """Negative for what has to be sent again."""
        with self._lock:
            self._change(sent=count)

    def stored(self, count: int) -> None:
        with self._lock:
            self.parts += 1
            self._change(stored=count)

    def _change(self, *, sent: int = 0, stored: int = 0) -> None:
        now = self._now
        self._now = replace(now, sent_bytes=now.sent_bytes + sent, stored_bytes=now.stored_bytes + stored)
        if self._tell:
            self._tell(self._now)


class PartUrls:
    """Hands out each part once, with a URL signed shortly before: a page of them at a time.

    A page is as many as go in a minute at the speed of the one before, because all threads wait while it is signed.
    """

    def __init__(
        self, sign: Sign, numbers: Sequence[int], *, page: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`page`: the first one, and the smallest."""
        self._sign, self._page, self._now = sign, page, now
        self._left = deque(numbers)
        self._signed: dict[int, SignedPart] = {}
        self._signed_at = 0.0
        self._handed_out = 0  # of this page
        self._lock = Lock()

    def next(self) -> SignedPart | None:
        """None when all are handed out."""
        with self._lock:
            if not self._left:
                return None
            if self._left[0] not in self._signed or self._now() - self._signed_at > FRESH_S:
                self._sign_page()
            self._handed_out += 1
            return self._signed.pop(self._left.popleft())

    def _sign_page(self) -> None:
        now = self._now()
        in_a_minute = self._handed_out * 60.0 / max(now - self._signed_at, 0.001)
        page = list(islice(self._left, max(self._page, min(LARGEST_PAGE, int(in_a_minute)))))
        self._signed_at, self._handed_out = now, 0  # before the call: the URLs are no older than this
        self._signed = {part.part_number: part for part in self._sign(page)}
        if not self._signed.keys() >= set(page):
            raise UnexpectedAnswer("not every part that was asked for was signed")

    def again(self, part: SignedPart) -> SignedPart:
        """A new URL for a part that was handed out and did not arrive."""
        return self._sign([part.part_number])[0]


class FileSlice:
    """The bytes of one part, read block by block as they are sent: nothing larger than a block is in memory."""

    def __init__(self, path: Path, offset: int, length: int, *, tally: Tally, stop: Event) -> None:
        self._path, self._offset, self._length = path, offset, length
        self._tally, self._stop = tally, stop
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._offset)
            while self.sent < self._length:
                if self._stop.is_set():
                    raise Stopped("stopped")
                block = file.read(min(BLOCK, self._length - self.sent))
                if not block:
                    raise FileChanged(f"{self._path} became shorter while it was sent")
                yield block
                self.sent += len(block)
                self._tally.sent(len(block))


class PartSender:
    def __init__(
        self, path: Path, part_size: int, sign: Sign, *, concurrency: int, retries: Retries, tally: Tally
    ) -> None:
        self._path, self._part_size, self._sign = path, part_size, sign
        self._concurrency, self._tally = concurrency, tally
        self._stop = Event()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        self._retries = replace(retries, pause=self._pause)
        # A pool of its own: nothing of the API's, such as its key, goes to the storage.
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=concurrency)

    def send(self, numbers: Sequence[int]) -> None:
        """All of these parts; or raises the first failure, having left the others."""
        urls = PartUrls(self._sign, numbers, page=4 * self._concurrency)
        count = min(self._concurrency, len(numbers))
        # Daemons: a thread that hangs in a dead connection does not keep an interrupted program alive.
        threads = [Thread(target=self._work, args=(urls,), daemon=True, name=f"part-{one}") for one in range(count)]
        try:
            for thread in threads:
                thread.start()
            for _ in threads:
                if error := self._ends.get():
                    raise error
        finally:
            self._stop.set()
            leave_at = time.monotonic() + LEAVING_S
            for thread in threads:
                if thread.ident is not None:
                    thread.join(max(0.0, leave_at - time.monotonic()))
            self._http.clear()
        self._stop.clear()

    def _work(self, urls: PartUrls) -> None:
        end: BaseException | None = None
        try:
            while not self._stop.is_set() and (part := urls.next()):
                self._deliver(part, urls)
        except BaseException as error:  # the thread that waits raises it
            end = error
        self._ends.put(end)

    def _deliver(self, part: SignedPart, urls: PartUrls) -> None:
        fresh: SignedPart | None = part
        forbidden = 0

        def attempt() -> None:
            nonlocal fresh, forbidden
            # A new URL for each repetition: an old one can show as a broken connection instead of as 403.
            signed, fresh = fresh or urls.again(part), None
            try:
                self._put(signed)
            except PartRefused as error:
                forbidden = forbidden + 1 if error.status == 403 else 0
                error.transient = error.transient and forbidden < FORBIDDEN_LIMIT
                raise

        self._retries.repeat(attempt)
        self._tally.stored(part.content_length)

    def _put(self, part: SignedPart) -> None:
        offset = (part.part_number - 1) * self._part_size
        body = FileSlice(self._path, offset, part.content_length, tally=self._tally, stop=self._stop)
        # The length is signed as well; without it the body would go out chunked.
        headers = {**part.headers, "Content-Length": str(part.content_length)}
        arrived = False
        try:
            answer = self._http.request("PUT", part.url, body=body, headers=headers)
            if answer.status != 200:
                raise _refusal(part, answer)
            arrived = True
        except urllib3.exceptions.HTTPError as error:  # its own text may name the signed URL
            host = urlsplit(part.url).netloc
            raise ConnectionFailed(f"part {part.part_number}: {host}: {type(error).__name__}") from error
        finally:
            if not arrived:
                self._tally.sent(-body.sent)

    def _pause(self, delay_s: float) -> None:
        if self._stop.wait(delay_s):
            raise Stopped("stopped")


def _refusal(part: SignedPart, answer: urllib3.BaseHTTPResponse) -> PartRefused:
    code = re.search(rb"<Code>(\w+)</Code>", answer.data)
    wait_s = retry_after_s(answer.headers.get("Retry-After"))
    return PartRefused(part.part_number, answer.status, code[1].decode() if code else "", retry_after_s=wait_s)
