"""What the system's getaddrinfo makes of hosts that are numbers in any notation, without asking any name server.

In a process of its own: the guard of the tests takes 2130706433 for a name, and stops look-ups.
"""

import json
import subprocess
import sys
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from sluice.adapters.ssrf_guard import Address

_CODE = """
import json, socket, sys
for line in sys.stdin:
    try:
        found = socket.getaddrinfo(json.loads(line), None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found = []
    print(json.dumps([str(entry[4][0]) for entry in found]), flush=True)
"""


class NumericHosts:
    def __init__(self) -> None:
        self._known: dict[str, list[Address]] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate(timeout=60)  # the end of its input is its own

    def __call__(self, host: str) -> list[Address]:
        """Empty for a name."""
        if host not in self._known:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.write(json.dumps(host) + "\n")
            self._process.stdin.flush()
            self._known[host] = [ip_address(text) for text in json.loads(self._process.stdout.readline())]
        return self._known[host]
