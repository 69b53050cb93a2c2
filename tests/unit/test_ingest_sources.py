"""Which sources may be named at all."""

from ipaddress import ip_address

import pytest

from sluice.adapters.ingest_sources import GuardedSources
from sluice.adapters.ssrf_guard import INGEST_PORTS, INGEST_PORTS_WITH_PLAIN_HTTP, Address, PortRule
from sluice.domain.errors import UrlNotAllowed
from sluice.domain.source_errors import SourceHeaderNotAllowed


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
    with pytest.raises(UrlNotAllowed):
        guarded().check(url, {}, resolve=False)


@pytest.mark.parametrize("url", ["https://films.example/a?b=c", "https://93.184.215.14/a", "s3://films/a/b.mp4"])
def test_what_may_be_right_is_taken_without_a_look_up(url: str) -> None:
    guarded().check(url, {"Authorization": "Bearer a"} if url.startswith("https") else {}, resolve=False)


def test_the_single_route_looks_the_name_up() -> None:
    with pytest.raises(UrlNotAllowed):
        guarded(found=[ip_address("93.184.215.14"), ip_address("10.0.0.1")]).check(
            "https://films.example/a", {}, resolve=True
        )
    guarded(found=[ip_address("93.184.215.14")]).check("https://films.example/a", {}, resolve=True)


def test_plain_http_is_a_setting() -> None:
    guarded(INGEST_PORTS_WITH_PLAIN_HTTP).check("http://films.example/a", {}, resolve=False)


def test_headers_are_limited_in_all_and_none_goes_with_a_copy() -> None:
    guarded().check("https://films.example/a", {"X-A": "a" * 2_000, "X-B": "b" * 2_000}, resolve=False)
    for url, headers in (
        ("https://films.example/a", {"X-A": "a" * 2_100, "X-B": "b" * 2_100}),
        ("https://films.example/a", {"Cookie": "a=b"}),
        ("s3://films/a", {"X-A": "a"}),
    ):
        with pytest.raises(SourceHeaderNotAllowed):
            guarded().check(url, headers, resolve=False)
