"""Loopback ports: the ones used last time while they are free, so that URLs survive a restart; else new ones."""

import json
import socket
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    gateway: int
    api: int
    media: int

    @classmethod
    def recorded(cls, path: Path) -> "Ports | None":
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None

    def record(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))


def usable_ports(path: Path) -> Ports:
    """The recorded ports when all can be opened, else three free ones, recorded."""
    ports = Ports.recorded(path)
    if ports is None or not all(_is_free(port) for port in (ports.gateway, ports.api, ports.media)):
        ports = Ports(*_free_ports(3))
        ports.record(path)
    return ports


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    with ExitStack() as open_sockets:  # held together, so that no port is given twice
        sockets = [open_sockets.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
