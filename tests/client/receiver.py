"""A developer's program that takes webhooks, and answers as a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Thread

from tests.client.server import LOOPBACK, Answer, Fault, Seen, Server

DEADLINE_S = 60.0  # generous: shared machines pause


class Receiver:
    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.crashes: list[BaseException] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []  # of the next answers; 204 after them
        self.drops = 0  # of the next requests, so many get no answer
        self._changed = Condition()
        self._server = Server(self)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/hooks?from=sluice"

    def serving(self, change: int) -> None:
        """Nobody asks."""

    def before_answer(self, line: str) -> None:
        """Nothing happens."""

    def fault(self, line: str) -> Fault | None:
        if self.drops == 0:
            return None
        self.drops -= 1
        return Fault(on=line, do="drop_unanswered")

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        with self._changed:
            self.got.append((headers, body))
            self._changed.notify_all()
            return (self.statuses.pop(0) if self.statuses else 204), None, {}

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, timeout=DEADLINE_S), len(self.got)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    server = receiver._server
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
    assert receiver.crashes == []
