"""The polling of the webhooks page runs as it stands there, and the page's figures are the code's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from functions.api_events import handler
from infra.local.openapi import document
from sluice.config import ApiEventsSettings
from sluice.domain.errors import CursorExpired, TooManyPolls
from sluice.domain.feed import RETENTION
from sluice.service.feed import EXAMINED
from tests.documents import REPOSITORY, code, rows, section
from tests.unit.feed_api import Api

PAGE, HEADING = REPOSITORY / "docs" / "webhooks.md", "Catch up by polling"
CatchUp = Callable[[str, str, str | None], str]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(handler, "deps", lambda: api.ports)
    return api


@contextmanager
def served(api: Api) -> Iterator[str]:
    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            known = url.path == "/v1/events" and self.headers["Authorization"] == "Bearer sk_dev_x"
            status, body = api.text(**dict(parse_qsl(url.query))) if known else (401, "")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_example_catches_up_and_goes_on(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(compile(code(PAGE, HEADING, "python"), str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    catch_up: CatchUp = names["catch_up"]
    told: list[str] = []

    def printed() -> list[str]:
        lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
        told.extend(lines)
        return lines

    first = api.upload()
    with served(api) as url:
        cursor = catch_up(url, "sk_dev_x", None)
        assert printed()[-1] == f"upload.complete {first}"
        cursor = catch_up(url, "sk_dev_x", cursor)
        assert (printed(), api.slept) == ([], 20)
        second = api.upload()
        catch_up(url, "sk_dev_x", cursor)
    assert printed()[0] == f"asset.created {second}"
    assert len(told) == len(set(told)) == 8


def test_figures_of_the_text_are_the_code_s() -> None:
    text = " ".join(section(PAGE, HEADING).split())
    assert f"for {RETENTION.days} days; each" in text and f"older than {RETENTION.days} days" in text
    assert f"{EXAMINED:,} events at most" in text
    assert f"At most {ApiEventsSettings.model_fields['waiting_places'].default} requests" in text
    assert f"`{CursorExpired.code}`" in text and f"`{TooManyPolls.code}`" in text
    parameters = {one["name"]: one["schema"] for one in document()["paths"]["/v1/events"]["get"]["parameters"][:-1]}
    listed = {name.strip("`"): meaning for name, meaning in rows(PAGE, HEADING)}
    assert listed.keys() == parameters.keys()
    for name in ("limit", "wait_s"):
        bounds = parameters[name]
        assert listed[name] == f"{bounds['minimum']:.0f}-{bounds['maximum']:.0f}"
