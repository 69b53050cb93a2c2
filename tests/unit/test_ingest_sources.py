"""Which sources may be named at all."""

from ipaddress import ip_address

import pytest

from sluice.adapters.ingest_sources import GuardedSources
from sluice.adapters.ssrf_guard import INGEST_PORTS, INGEST_PORTS_WITH_PLAIN_HTTP, Address, PortRule
from sluice.domain.errors import SluiceError


def refusal(sources: GuardedSources, url: str, headers: dict[str, str] | None = None, *, resolve: bool = False) -> str:
    """Its code; empty when the source may be named."""
    try:
        sources.check(url, headers or {}, resolve=resolve)
    except SluiceError as error:
        return error.code
    return ""


def guarded(ports: PortRule = INGEST_PORTS, *, found: list[Address] | None = None) -> GuardedSources:
    def resolve(host: str, port: int) -> list[Address]:
        assert found is not None, "a name was looked up"
        return found

    return GuardedSources(ports=ports, allow_loopback=False, buckets={"films"}, resolve=resolve)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/a",
        "https://0x7f.1/a",
        "https://2130706433/a",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://169.254.170.2/v2/credentials",
        "http://films.example/a",
        "https://films.example:8443/a",
        "https://user@films.example/a",
        "ftp://films.example/a",
        "file:///etc/passwd",
        "s3://others/film.mp4",
        "s3://films/",
        "s3://films",
        "s3:///film.mp4",
        "S3://films/film.mp4",
        "s3://films/" + "a" * 2_048,
        "",
    ],
)
def test_what_is_known_to_be_wrong_is_refused_without_a_look_up(url: str) -> None:
    assert refusal(guarded(), url) == "url_not_allowed"


@pytest.mark.parametrize("url", ["https://films.example/a?b=c", "https://93.184.215.14/a", "s3://films/a/b.mp4"])
def test_what_may_be_right_is_taken_without_a_look_up(url: str) -> None:
    assert refusal(guarded(), url) == ""


def test_the_single_route_looks_the_name_up() -> None:
    public, private = ip_address("93.184.215.14"), ip_address("10.0.0.1")
    assert refusal(guarded(found=[public, private]), "https://films.example/a", resolve=True) == "url_not_allowed"
    assert refusal(guarded(found=[public]), "https://films.example/a", resolve=True) == ""


def test_plain_http_is_a_setting() -> None:
    assert refusal(guarded(INGEST_PORTS_WITH_PLAIN_HTTP), "http://films.example/a") == ""
    assert refusal(guarded(INGEST_PORTS_WITH_PLAIN_HTTP), "http://films.example:8080/a") == "url_not_allowed"


@pytest.mark.parametrize(
    ("url", "headers", "code"),
    [
        ("https://films.example/a", {"Authorization": "Bearer a"}, ""),
        ("https://films.example/a", {"X-A": "a" * 2_000, "X-B": "b" * 2_000}, ""),
        ("https://films.example/a", {"X-A": "a" * 2_100, "X-B": "b" * 2_100}, "source_header_not_allowed"),
        ("https://films.example/a", {"Cookie": "a=b"}, "source_header_not_allowed"),
        ("s3://films/a", {"X-A": "a"}, "source_header_not_allowed"),
    ],
)
def test_headers_are_limited_in_all_and_none_goes_with_a_copy(url: str, headers: dict[str, str], code: str) -> None:
    assert refusal(guarded(), url, headers) == code
