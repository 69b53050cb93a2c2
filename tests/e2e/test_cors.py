"""Preflights, as a browser sends them before it uploads a part or plays from another site's page."""

import pytest

from tests.e2e.customer import Customer
from tests.e2e.film import Film

pytestmark = pytest.mark.e2e

ORIGIN = "https://app.example"


def allowed(answer_header: str, name: str) -> bool:
    return name.lower() in {item.strip().lower() for item in answer_header.split(",")} or answer_header == "*"


def test_a_browser_may_put_a_part_and_read_its_etag(customer: Customer, film: Film) -> None:
    url = customer.sign(customer.reserve(film.source), [1])[0]["url"]
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    preflight = customer.http.request(
        "OPTIONS", url, headers=asking | {"Access-Control-Request-Headers": "content-type"}
    )
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert allowed(preflight.headers["Access-Control-Allow-Methods"], "PUT")
    assert allowed(preflight.headers["Access-Control-Allow-Headers"], "content-type")
    part = film.source.read_bytes()[: 8 * 1024 * 1024]
    stored = customer.http.request("PUT", url, body=part, headers={"Origin": ORIGIN})
    assert stored.status == 200
    assert stored.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert allowed(stored.headers["Access-Control-Expose-Headers"], "ETag")


def test_a_browser_may_not_do_more_with_the_bucket(customer: Customer, film: Film) -> None:
    url = customer.sign(customer.reserve(film.source), [1])[0]["url"]
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
    assert customer.http.request("OPTIONS", url, headers=asking).status == 403


@pytest.mark.parametrize("what", ["segment", "playlist", "master"])
def test_a_page_of_another_site_may_play(film: Film, what: str) -> None:
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    url = {"segment": film.media_urls[1], "playlist": film.playlist_url, "master": session["hls_url"]}[what]
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    preflight = film.customer.http.request("OPTIONS", url, headers=asking)
    assert preflight.status in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert allowed(preflight.headers["Access-Control-Allow-Methods"], "GET")
    assert allowed(preflight.headers["Access-Control-Allow-Headers"], "range")
    played = film.customer.http.request("GET", url, headers={"Origin": ORIGIN})
    assert played.status == 200
    assert played.headers["Access-Control-Allow-Origin"] == "*"
    assert allowed(played.headers["Access-Control-Expose-Headers"], "Content-Length")
