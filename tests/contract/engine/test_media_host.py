"""The distribution behind its own port: signed URLs, origin access control, what reaches a function URL."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.media_template import template
from tests.contract.engine.resources import ref
from tests.contract.engine.signing import Key, custom_policy, signature, url_safe

TIMEOUT_S = 30


@dataclass
class MediaHost:
    url: str
    key_ids: dict[str, str]
    keys: dict[str, Key]

    def get(self, path: str, **parameters: str) -> requests.Response:
        return requests.get(self.url + path, params=parameters, timeout=TIMEOUT_S)

    def signed(self, path: str, *, key: str = "Ec", resource: str | None = None, **conditions: Any) -> dict[str, str]:
        """Query parameters of a custom policy. Conditions: expires (s from now), starts (s from now), ip."""
        policy = custom_policy(self.url + (resource or path), **conditions)
        return self.parameters(policy, key) | {"Policy": url_safe(policy)}

    def canned(self, path: str, *, expires: int) -> dict[str, str]:
        condition = {"DateLessThan": {"AWS:EpochTime": expires}}
        statement = {"Resource": self.url + path, "Condition": condition}
        policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
        return self.parameters(policy, "Ec") | {"Expires": str(expires)}

    def parameters(self, policy: bytes, key: str) -> dict[str, str]:
        return {
            "Signature": url_safe(signature(self.keys[key], policy)),
            "Key-Pair-Id": self.key_ids[key],
            "Hash-Algorithm": "SHA256",
        }


@pytest.fixture(scope="module")
def media_host(engine: Engine) -> MediaHost:
    keys: dict[str, Key] = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("Ec", "Stranger")}
    keys["Rsa"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    outputs = {name: ref(name) for name in ("Ec", "Rsa", "Stranger", "Bucket", "Distribution")}
    made = create_stack(engine, "media", template(keys), outputs)
    s3 = engine.client("s3")
    for key in ("media/a/seg-1.m4s", "media/b/seg-1.m4s", "elsewhere/x"):
        s3.put_object(Bucket=made["Bucket"], Key=key, Body=b"0123456789", ContentType="video/mp4")
    engine.route("none", made["Distribution"])
    return MediaHost(engine.media_url, {name: made[name] for name in keys}, keys)


SEGMENT = "/media/a/seg-1.m4s"


def test_an_unsigned_request_is_refused(media_host: MediaHost) -> None:
    answer = media_host.get(SEGMENT)
    assert answer.status_code == 403
    assert "MissingKey" in answer.text


@pytest.mark.parametrize("key", ["Ec", "Rsa"])
def test_a_custom_policy_opens_what_its_resource_matches(media_host: MediaHost, key: str) -> None:
    parameters = media_host.signed(SEGMENT, key=key, resource="/media/a/*")
    answer = media_host.get(SEGMENT, **parameters)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert media_host.get("/media/b/seg-1.m4s", **parameters).status_code == 403


def test_a_canned_policy_opens_one_url_until_it_expires(media_host: MediaHost) -> None:
    now = int(time.time())
    parameters = media_host.canned(SEGMENT, expires=now + 300)
    assert media_host.get(SEGMENT, **parameters).status_code == 200
    assert media_host.get("/media/b/seg-1.m4s", **parameters).status_code == 403
    assert media_host.get(SEGMENT, **media_host.canned(SEGMENT, expires=now - 1)).status_code == 403
    assert media_host.get(SEGMENT, **(parameters | {"Expires": str(now + 9999)})).status_code == 403


@pytest.mark.parametrize(
    "conditions",
    [{"expires": -1}, {"starts": 300}, {"ip": "192.0.2.0/24"}],
    ids=["expired", "too early", "other address"],
)
def test_conditions_of_a_policy_hold(media_host: MediaHost, conditions: dict[str, Any]) -> None:
    assert media_host.get(SEGMENT, **media_host.signed(SEGMENT, **conditions)).status_code == 403


def test_an_address_condition_that_fits_is_met(media_host: MediaHost) -> None:
    parameters = media_host.signed(SEGMENT, starts=-10, ip="127.0.0.0/8")
    assert media_host.get(SEGMENT, **parameters).status_code == 200


def test_the_query_of_the_url_is_part_of_the_resource(media_host: MediaHost) -> None:
    parameters = media_host.signed(SEGMENT, resource=f"{SEGMENT}?d=1")
    assert media_host.get(SEGMENT, d="1", **parameters).status_code == 200
    assert media_host.get(SEGMENT, d="2", **parameters).status_code == 403
    assert media_host.get(SEGMENT, **parameters).status_code == 403


def test_a_policy_for_another_host_is_refused(media_host: MediaHost) -> None:
    policy = custom_policy("http://example.com/media/*")
    parameters = media_host.parameters(policy, "Ec") | {"Policy": url_safe(policy)}
    assert media_host.get(SEGMENT, **parameters).status_code == 403


@pytest.mark.parametrize("broken", ["signature", "policy", "hash", "key", "nonsense", "repeated"])
def test_a_tampered_signature_is_refused(media_host: MediaHost, broken: str) -> None:
    parameters = media_host.signed(SEGMENT)
    other = custom_policy(media_host.url + "/media/*", expires=9999)
    repeated = f"{SEGMENT}?Signature={parameters['Signature']}" if broken == "repeated" else SEGMENT
    changes = {
        "signature": {"Signature": url_safe(signature(media_host.keys["Stranger"], b"something"))},
        "policy": {"Policy": url_safe(other)},
        "hash": {"Hash-Algorithm": "SHA1"},
        "key": {"Key-Pair-Id": media_host.key_ids["Rsa"]},
        "nonsense": {"Signature": "%%%", "Policy": "???"},
        "repeated": {},
    }
    assert media_host.get(repeated, **(parameters | changes[broken])).status_code == 403


def test_a_key_outside_the_group_is_refused(media_host: MediaHost) -> None:
    answer = media_host.get(SEGMENT, **media_host.signed(SEGMENT, key="Stranger"))
    assert answer.status_code == 403
    assert "Unknown Key" in answer.text


def test_ranges_and_head_pass_through(media_host: MediaHost) -> None:
    parameters = media_host.signed(SEGMENT)
    url = media_host.url + SEGMENT
    part = requests.get(url, params=parameters, headers={"Range": "bytes=2-4"}, timeout=TIMEOUT_S)
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    head = requests.head(url, params=parameters, timeout=TIMEOUT_S)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "10", b"")


def test_the_bucket_policy_limits_what_the_distribution_reads(media_host: MediaHost) -> None:
    assert media_host.get("/elsewhere/x").status_code == 403


def test_a_function_url_gets_path_query_and_headers_but_not_the_viewer_s_host(media_host: MediaHost) -> None:
    answer = requests.get(
        f"{media_host.url}/v1/play/plb_1/master.m3u8?token=a.b&x=1&x=2",
        headers={"X-Viewer": "me", "Accept-Encoding": "gzip"},
        timeout=TIMEOUT_S,
    )
    assert (answer.status_code, answer.headers["x-mine"]) == (201, "yes")
    event = answer.json()
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/v1/play/plb_1/master.m3u8"
    assert event["rawQueryString"] == "token=a.b&x=1&x=2"
    assert event["queryStringParameters"] == {"token": "a.b", "x": "1,2"}
    assert event["requestContext"]["http"]["method"] == "GET"
    assert event["headers"]["x-viewer"] == "me"
    assert ".lambda-url." in event["headers"]["host"]


def test_a_function_url_answers_bytes(media_host: MediaHost) -> None:
    answer = media_host.get("/v1/play/file.bin")
    assert answer.content == bytes(range(256))
    assert answer.headers["content-type"] == "video/mp4"


def test_a_function_url_whose_function_raises_answers_502_without_its_words(media_host: MediaHost) -> None:
    answer = media_host.get("/v1/play/raise")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal Server Error"})


def test_a_function_url_without_permission_for_the_distribution_is_refused(media_host: MediaHost) -> None:
    assert media_host.get("/closed/x").status_code == 403
