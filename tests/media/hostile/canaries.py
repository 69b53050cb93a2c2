"""What must stay untouched: files whose opening the kernel reports, and ports that count who calls."""

import contextlib
import ctypes
import os
import queue
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

_IN_OPEN = 0x20
_EVENT = struct.Struct("=iIII")  # watch, mask, cookie, length of the name


class OpenedFiles:
    """Every file that any process opened in some folders (inotify(7), which needs no rights)."""

    def __init__(self, *folders: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._queue >= 0, os.strerror(ctypes.get_errno())
        self._folders = {
            libc.inotify_add_watch(self._queue, os.fsencode(folder), _IN_OPEN): folder for folder in folders
        }
        assert -1 not in self._folders, os.strerror(ctypes.get_errno())

    def names(self) -> set[Path]:
        """Since the last call. Folders themselves do not count."""
        found: set[Path] = set()
        with contextlib.suppress(BlockingIOError):
            while events := os.read(self._queue, 1 << 16):
                while events:
                    watch, _, _, length = _EVENT.unpack_from(events)
                    name = events[_EVENT.size : _EVENT.size + length].rstrip(b"\0")
                    events = events[_EVENT.size + length :]
                    if name:
                        found.add(self._folders[watch] / os.fsdecode(name))
        return found

    def close(self) -> None:
        os.close(self._queue)


class Doorbell:
    """A server on loopback that hangs up on every caller and counts them."""

    def __init__(self, tcp: socket.socket, udp: socket.socket) -> None:
        self._tcp, self._udp = tcp, udp
        self._calls: queue.SimpleQueue[int] = queue.SimpleQueue()  # the callers' ports
        self.port = int(tcp.getsockname()[1])

    def answer(self) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                caller, address = self._tcp.accept()
                caller.close()
                self._calls.put(address[1])

    def rings(self) -> int:
        """Since the last call. Ends with a call of its own: every earlier one was answered before it."""
        with socket.create_connection(("127.0.0.1", self.port)) as own:
            own_port = own.getsockname()[1]
            calls = list(iter(lambda: self._calls.get(timeout=30), own_port))
        return len(calls) + self._datagrams()

    def _datagrams(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._udp.recv(1)
                count += 1
        return count


@contextlib.contextmanager
def doorbell() -> Iterator[Doorbell]:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen(64)
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        udp.setblocking(False)
        bell = Doorbell(tcp, udp)
        thread = threading.Thread(target=bell.answer)
        thread.start()
        try:
            yield bell
        finally:
            tcp.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join()
