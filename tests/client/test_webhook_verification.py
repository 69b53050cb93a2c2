"""`verify` and `sign`, by themselves and against the official libraries, both ways."""

import json
import time
from collections.abc import Callable

import pytest

from sluice_client import (
    HeaderMissing,
    NotAnEvent,
    SignatureMismatch,
    TimestampTooNew,
    TimestampTooOld,
    VerificationFailed,
    sign,
    verify,
)
from tests.client.official import Accepts, Signs, npm_accepts, npm_signs, pypi_accepts, pypi_signs

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 43 + "="
ID, SENT_AT = "evt_01m827rwpq3v5g2x0c4t8k9abc", 1_796_119_200
ENVELOPE = {
    "id": ID,
    "type": "transcode.ready",
    "timestamp": "2026-12-01T10:00:00.123Z",
    "tenant_id": "ten_01m827pjz7fkqps8n0re85ds7d",
    "sequence": 6,
    "correlation_id": "order-4711",
    "data": {"asset_id": "ast_01m827pqg7h12y81tncc8mn8q7", "title": "Größe ✓"},
}
BODY = json.dumps(ENVELOPE, ensure_ascii=False)


def at(seconds: float) -> Callable[[], float]:
    return lambda: SENT_AT + seconds


def signed(*secrets: str, body: str = BODY) -> dict[str, str]:
    """As in an overlap: one signature for each secret."""
    each = [sign(secret, ID, body.encode(), sent_at=SENT_AT) for secret in secrets]
    return each[0] | {"webhook-signature": " ".join(one["webhook-signature"] for one in each)}


def test_the_event_of_a_message() -> None:
    event = verify(signed(SECRET), BODY.encode(), SECRET, now=at(0))
    assert (event.id, event.type, event.sequence, event.data["title"]) == (ID, "transcode.ready", 6, "Größe ✓")
    assert event.timestamp.isoformat() == "2026-12-01T10:00:00.123000+00:00"


def test_the_standard_s_own_example() -> None:
    headers = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', sent_at=1_614_265_330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("signs", [pypi_signs, npm_signs])
def test_what_the_official_libraries_sign_is_verified(signs: Signs) -> None:
    signature = signs(SECRET, ID, SENT_AT, BODY)
    headers = {"Webhook-Id": ID, "Webhook-Timestamp": str(SENT_AT), "Webhook-Signature": signature}
    assert verify(headers, BODY.encode(), [OTHER, SECRET], now=at(0)).id == ID
    with pytest.raises(SignatureMismatch):
        verify(headers, BODY.encode(), OTHER, now=at(0))


@pytest.mark.parametrize("accepts", [pypi_accepts, npm_accepts])
def test_what_we_sign_is_accepted_by_the_official_libraries(accepts: Accepts) -> None:
    headers = sign(SECRET, ID, BODY.encode(), sent_at=time.time())  # they look at the real clock
    assert accepts(SECRET, headers, BODY)
    assert not accepts(OTHER, headers, BODY)
    assert not accepts(SECRET, headers, BODY.replace("ready", "failed"))


@pytest.mark.parametrize("difference_s", [-299, 0, 299])
def test_clocks_may_differ_by_less_than_five_minutes(difference_s: int) -> None:
    assert verify(signed(SECRET), BODY.encode(), SECRET, now=at(difference_s)).id == ID


@pytest.mark.parametrize(("difference_s", "error"), [(301, TimestampTooOld), (-301, TimestampTooNew)])
def test_clocks_may_not_differ_by_more(difference_s: int, error: type[VerificationFailed]) -> None:
    with pytest.raises(error):
        verify(signed(SECRET), BODY.encode(), SECRET, now=at(difference_s))
    assert verify(signed(SECRET), BODY.encode(), SECRET, now=at(difference_s), tolerance_s=302).id == ID


@pytest.mark.parametrize("known", [SECRET, OTHER, [SECRET, OTHER], ["whsec_" + "B" * 43 + "=", OTHER]])
def test_one_secret_and_one_signature_that_fit_are_enough(known: str | list[str]) -> None:
    assert verify(signed(SECRET, OTHER), BODY.encode(), known, now=at(0)).id == ID


@pytest.mark.parametrize("extra", ["v1a,AAAA", "v2,", "", "v1", "v1,é", "nonsense"])
def test_signatures_of_other_kinds_are_passed_over(extra: str) -> None:
    headers = signed(SECRET)
    headers["webhook-signature"] = f"{extra} {headers['webhook-signature']}"
    assert verify(headers, BODY.encode(), SECRET, now=at(0)).id == ID
    with pytest.raises((SignatureMismatch, HeaderMissing)):
        verify(headers | {"webhook-signature": extra}, BODY.encode(), SECRET, now=at(0))


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "evt_01m827rwpq3v5g2x0c4t8k9abd"},
        {"webhook-timestamp": str(SENT_AT + 1)},
        {"webhook-signature": "v1a," + "A" * 43 + "="},
    ],
)
def test_whatever_is_signed_cannot_be_changed(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureMismatch):
        verify(signed(SECRET) | changed, BODY.encode(), SECRET, now=at(0))


def test_the_version_is_part_of_a_signature() -> None:
    headers = signed(SECRET)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    with pytest.raises(SignatureMismatch):
        verify(headers, BODY.encode(), SECRET, now=at(0))


@pytest.mark.parametrize("body", [BODY.encode() + b" ", b"", BODY.replace(", ", ",").encode()])
def test_the_bytes_are_what_is_signed(body: bytes) -> None:
    with pytest.raises(SignatureMismatch):
        verify(signed(SECRET), body, SECRET, now=at(0))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing: str) -> None:
    with pytest.raises(HeaderMissing, match=missing):
        verify({**signed(SECRET), missing: ""}, BODY.encode(), SECRET, now=at(0))


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-1", "١٧٩٦١١٩٢٠٠", "1796119200.5", "9" * 30])
def test_a_timestamp_is_a_number_of_seconds(timestamp: str) -> None:
    with pytest.raises(HeaderMissing):
        verify(signed(SECRET) | {"webhook-timestamp": timestamp}, BODY.encode(), SECRET, now=at(0))


@pytest.mark.parametrize("body", ['"text"', "[]", "{}", "{", json.dumps({**ENVELOPE, "timestamp": None})])
def test_what_is_signed_may_be_no_event(body: str) -> None:
    with pytest.raises(NotAnEvent):
        verify(signed(SECRET, body=body), body.encode(), SECRET, now=at(0))


@pytest.mark.parametrize("secrets", [[], "", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", [SECRET, ""]])
def test_a_wrong_secret_is_a_mistake_of_the_receiver(secrets: str | list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        verify(signed(SECRET), BODY.encode(), secrets, now=at(0))
