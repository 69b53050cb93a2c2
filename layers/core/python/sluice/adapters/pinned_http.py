"""HTTP to the address that was checked, with the name's SNI, Host and certificate.

No proxy, no cookie, no redirect, no second look-up. The caller closes the socket.
"""

import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from sluice.adapters.deadline_socket import Deadline, DeadlineSocket
from sluice.adapters.ssrf_guard import Target

Tls = Callable[[], ssl.SSLContext]


@cache
def default_tls() -> ssl.SSLContext:
    """System trust, name check on. Loading the certificates takes about 20 ms: once."""
    return ssl.create_default_context()


class Answered(NamedTuple):
    response: http.client.HTTPResponse  # keep it as long as `stream`: it closes that when it is collected
    stream: io.BufferedReader  # what follows the head, as sent


def connect(target: Target, deadline: Deadline, tls: Tls) -> socket.socket:
    """To the first address that answers; all of them were checked.

    Raises OSError, its kinds TimeoutError and SSLError among them.
    """
    failure: OSError | None = None
    for address in target.addresses:
        try:
            sock = socket.create_connection((str(address), target.port), timeout=deadline.remaining())
        except OSError as error:
            failure = error
            continue
        if not target.tls:
            return sock
        try:
            sock.settimeout(deadline.remaining())
            return tls().wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
    raise failure or ConnectionError("no address")


def ask(
    sock: socket.socket,
    deadline: Deadline,
    target: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    keep: bool = False,
) -> Answered:
    """Sends and reads the head of the answer; `keep`: the line stays open. Raises OSError, HTTPException."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = pinned = DeadlineSocket(sock, deadline)
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    own = {"Host": target.authority, "Connection": "keep-alive" if keep else "close"}
    for name, value in {**headers, **own}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    return Answered(connection.getresponse(), pinned.stream)
