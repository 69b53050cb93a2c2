"""The receivers of docs/receivers over HTTP, called by the official libraries' signatures and by ours."""

import importlib.util
import os
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import urllib3
import uvicorn
from werkzeug.serving import make_server

from infra.local.link_node import NODE_BIN
from sluice_client import sign
from tests.client.official import Signs, npm_signs, pypi_signs
from tests.client.test_webhook_verification import BODY, ENVELOPE, ID, OTHER, SECRET
from tests.documents import REPOSITORY, links

RECEIVERS = REPOSITORY / "docs" / "receivers"
LOOPBACK = "127.0.0.1"
DEADLINE_S = 60.0  # generous: shared machines pause


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, RECEIVERS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def fastapi_receiver() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(load("fastapi_receiver").app, log_level="error", lifespan="off"))
    with socket.create_server((LOOPBACK, 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listening.getsockname()[1]}/sluice"
        finally:
            server.should_exit = True
            thread.join(DEADLINE_S)


@contextmanager
def flask_receiver() -> Iterator[str]:
    server = make_server(LOOPBACK, 0, load("flask_receiver").app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/sluice"
    finally:
        server.shutdown()
        thread.join(DEADLINE_S)
        server.server_close()


@contextmanager
def express_receiver() -> Iterator[str]:
    command = [NODE_BIN / "node", RECEIVERS / "express_receiver.mjs"]
    with subprocess.Popen(command, env=os.environ | {"PORT": "0"}, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture(scope="module", params=[fastapi_receiver, flask_receiver, express_receiver])
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its URL and its inbox."""
    inbox = tmp_path_factory.mktemp("inbox") / "inbox.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBHOOK_SECRETS", f"{SECRET} {OTHER}")
        patch.setenv("WEBHOOK_INBOX", str(inbox))
        with request.param() as url:
            yield url, inbox


@pytest.fixture
def url(receiver: tuple[str, Path]) -> str:
    return receiver[0]


@pytest.fixture
def inbox(receiver: tuple[str, Path]) -> Iterator[sqlite3.Connection]:
    """Empty at the start of every test."""
    with closing(sqlite3.connect(receiver[1], timeout=DEADLINE_S)) as database:
        with database:
            database.execute("DELETE FROM inbox")
        yield database


def stored(inbox: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
    return inbox.execute("SELECT id, type, body FROM inbox").fetchall()


def post(url: str, headers: dict[str, str], body: str = BODY) -> int:
    # a connection of its own: a server may close one that it has just answered with 500
    sent = {"Content-Type": "application/json", "Connection": "close", **headers}
    return urllib3.request("POST", url, body=body.encode(), headers=sent, retries=False, timeout=DEADLINE_S).status


def ours(secret: str, *, age_s: float = 0.0) -> dict[str, str]:
    return sign(secret, ID, BODY.encode(), sent_at=time.time() - age_s)


@pytest.mark.parametrize("signs", [pypi_signs, npm_signs])
@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_what_the_official_libraries_sign_is_stored(
    url: str, inbox: sqlite3.Connection, signs: Signs, secret: str
) -> None:
    now = int(time.time())
    headers = {"webhook-id": ID, "webhook-timestamp": str(now), "webhook-signature": signs(secret, ID, now, BODY)}
    assert post(url, headers) == 204
    assert stored(inbox) == [(ID, ENVELOPE["type"], BODY.encode())]


def test_repetitions_are_stored_once_even_at_the_same_time(url: str, inbox: sqlite3.Connection) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(url, ours(SECRET, age_s=number)), range(16)))
    assert answers == [204] * 16
    assert len(stored(inbox)) == 1


def test_what_is_not_ours_is_refused(url: str, inbox: sqlite3.Connection) -> None:
    stranger = "whsec_" + "B" * 43 + "="
    assert post(url, ours(stranger)) == 401
    assert post(url, ours(SECRET), BODY.replace("ready", "failed")) == 401
    assert post(url, ours(SECRET, age_s=301)) == post(url, ours(SECRET, age_s=-400)) == 401  # it may take its time
    assert post(url, {}) == post(url, ours(SECRET), "") == 401
    assert stored(inbox) == []


def test_an_event_that_cannot_be_stored_is_asked_for_again(url: str, inbox: sqlite3.Connection) -> None:
    with inbox:
        inbox.execute("ALTER TABLE inbox RENAME TO elsewhere")
    try:
        assert post(url, ours(SECRET)) == 500
    finally:
        with inbox:
            inbox.execute("ALTER TABLE elsewhere RENAME TO inbox")
    assert post(url, ours(SECRET)) == 204
    assert len(stored(inbox)) == 1


def test_the_page_names_each_of_them() -> None:
    page = REPOSITORY / "docs" / "webhooks.md"
    assert {path.relative_to(page.parent).as_posix() for path in RECEIVERS.glob("*_receiver.*")} <= set(links(page))
