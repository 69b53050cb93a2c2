"""The `playback` function as CloudFront calls it: statuses, headers, bodies."""

import base64
import gzip
import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from functions.playback import handler
from sluice import bootstrap
from sluice.domain.errors import ProviderFailure
from tests.fakes.edge import opens
from tests.fakes.gateway import LambdaContext
from tests.fakes.published import MEDIA, NOW, OTHER_PLAYBACK, PLAYBACK, Published, token_of, url_key
from tests.fakes.time import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.moment = NOW
    return clock


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Published:
    published = Published()
    monkeypatch.setattr(handler, "deps", lambda: bootstrap.Playback(now=clock, ports=published.ports))
    return published


def call(url: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """A function URL's event: the query as sent, and never a `pathParameters`."""
    parts = urlsplit(url)
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "http": {"method": method, "path": parts.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    answer: dict[str, Any] = handler.lambda_handler(event, LambdaContext())
    assert not [name for name in answer["headers"] if name.lower().startswith("access-control")], "CORS is CloudFront's"
    assert answer["headers"]["Cache-Control"] == "private, no-store"
    return answer


def problem(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer["body"])
    assert body["status"] == answer["statusCode"]
    return body


def test_a_master_is_hls(world: Published) -> None:
    answer = call(world.opening("master.m3u8"))
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "application/vnd.apple.mpegurl"
    assert answer["headers"]["Vary"] == "Accept-Encoding"
    assert answer["body"].startswith("#EXTM3U\n")
    assert answer["isBase64Encoded"] is False


def test_a_manifest_is_dash(world: Published) -> None:
    answer = call(world.opening("manifest.mpd"))
    assert answer["headers"]["Content-Type"] == "application/dash+xml"
    assert answer["body"].startswith("<?xml")


def test_a_poster_is_a_redirect(world: Published) -> None:
    answer = call(world.opening("poster.jpg"))
    assert (answer["statusCode"], answer["body"]) == (302, "")
    assert opens(answer["headers"]["Location"], url_key().public_key(), at=NOW)


def test_gzip_when_accepted(world: Published) -> None:
    url = world.opening("manifest.mpd")
    plain, packed = call(url), call(url, accept_encoding="gzip, br")
    assert packed["isBase64Encoded"] is True
    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["headers"]["Vary"] == "Accept-Encoding"
    text = gzip.decompress(base64.b64decode(packed["body"])).decode()
    assert text.startswith("<?xml")
    assert len(packed["body"]) < len(plain["body"])
    assert "Content-Encoding" not in plain["headers"]


def test_head_is_get_without_the_body(world: Published) -> None:
    for file in ("master.m3u8", "manifest.mpd"):
        url = world.opening(file)
        got, head = call(url, accept_encoding="gzip"), call(url, "HEAD", accept_encoding="gzip")
        assert (head["statusCode"], head["headers"]) == (got["statusCode"], got["headers"])
        assert (head["body"], head["isBase64Encoded"]) == ("", False)
    denied = call(f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8?token=x", "HEAD")
    assert (denied["statusCode"], denied["body"]) == (403, "")


def test_a_preflight_is_answered_without_a_token(world: Published) -> None:
    answer = call(f"{MEDIA}/v1/play/{PLAYBACK}/master.m3u8", "OPTIONS")
    assert (answer["statusCode"], answer["body"]) == (204, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_find_nothing(world: Published, method: str) -> None:
    assert problem(call(world.opening("master.m3u8"), method))["code"] == "playback_not_found"


@pytest.mark.parametrize(
    "query", ["", "token=", "d=evil&x=?d=good", "token={t}&x=1", "token={t}&token={t}", "token={t}%20", "x={t}"]
)
def test_any_query_but_one_token_is_denied(world: Published, query: str) -> None:
    url = world.opening("master.m3u8")
    altered = f"{url.partition('?')[0]}?{query.format(t=token_of(url))}"
    assert problem(call(altered))["code"] == "playback_denied"


def test_tampered_foreign_and_expired_tokens_are_denied(world: Published, clock: FakeClock) -> None:
    url = world.opening("master.m3u8")
    head, payload, signature = token_of(url).split(".")
    tampered = url.replace(payload, payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB"))
    foreign = url.replace(PLAYBACK, OTHER_PLAYBACK, 1)
    unsigned = url.replace(signature, "")
    for altered in (tampered, foreign, unsigned):
        assert (call(altered)["statusCode"], problem(call(altered))["code"]) == (403, "playback_denied")
    clock.tick(seconds=300)
    assert problem(call(url))["code"] == "playback_denied"


def test_renditions_can_be_switched_after_the_session_has_expired(world: Published, clock: FakeClock) -> None:
    master = call(world.opening("master.m3u8"))["body"]
    child = next(line for line in master.splitlines() if line.startswith("v360.m3u8?"))
    clock.tick(seconds=301)
    answer = call(f"{MEDIA}/v1/play/{PLAYBACK}/{child}")
    assert answer["statusCode"] == 200
    last = [line for line in answer["body"].splitlines() if line.startswith("https://")][-1]
    assert opens(last, url_key().public_key(), at=clock.moment + timedelta(seconds=60))


def test_unknown_things_are_not_found(world: Published) -> None:
    url = world.opening("master.m3u8")
    for path in ("/v1/play/x/master.m3u8", f"/v1/play/{PLAYBACK}/poster.png", "/embed/x"):
        answer = call(f"{MEDIA}{path}?token={token_of(url)}")
        assert (answer["statusCode"], problem(answer)["code"]) == (404, "playback_not_found")


def test_an_unplayable_asset_is_a_conflict(world: Published) -> None:
    world.change_asset(playable=False)
    answer = call(world.opening("master.m3u8"))
    assert (answer["statusCode"], problem(answer)["code"]) == (409, "asset_not_playable")


def test_a_problem_has_the_shape_of_every_other_and_no_token(world: Published) -> None:
    url = world.opening("master.m3u8") + "&x=1"
    body = problem(call(url, x_correlation_id="trace-7"))
    assert body == {
        "type": "urn:sluice:error:playback_denied",
        "title": "This playback URL is not valid or has expired.",
        "status": 403,
        "detail": "This playback URL is not valid or has expired.",
        "instance": f"/v1/play/{PLAYBACK}/master.m3u8",
        "code": "playback_denied",
        "request_id": "request-1",
        "correlation_id": "trace-7",
        "retryable": False,
        "errors": [],
    }


def test_every_answer_can_be_traced(world: Published) -> None:
    for url in (world.opening("master.m3u8"), f"{MEDIA}/v1/play/x"):
        headers = call(url, x_correlation_id="trace-7")["headers"]
        assert (headers["X-Request-Id"], headers["X-Correlation-Id"]) == ("request-1", "trace-7")
        assert call(url, x_correlation_id="bad\nid")["headers"]["X-Correlation-Id"] == "request-1"


class BrokenFiles:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, path: str) -> str:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (ProviderFailure(), 503, "provider_failure", "2"),
        (RuntimeError("bucket media-123 is gone"), 500, "internal_error", None),
    ],
)
def test_our_failures_tell_no_internals(
    world: Published,
    error: Exception,
    status: int,
    code: str,
    retry_after: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.ports = world.ports._replace(files=BrokenFiles(error))
    with caplog.at_level(logging.INFO):
        answer = call(world.opening("master.m3u8"))
    assert (answer["statusCode"], problem(answer)["code"]) == (status, code)
    assert answer["headers"].get("Retry-After") == retry_after
    assert "media-123" not in answer["body"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None


def test_logs_hold_no_token(world: Published, caplog: pytest.LogCaptureFixture) -> None:
    url = world.opening("master.m3u8")
    with caplog.at_level(logging.DEBUG):
        for sent in (url, url + "x", url + "&x=1"):
            call(sent)
    assert [record.getMessage() for record in caplog.records] == [
        "playback_answered",
        "playback_refused",
        "playback_refused",
    ]
    signature = token_of(url).rpartition(".")[2]
    assert all(signature not in str(vars(record)) for record in caplog.records)
