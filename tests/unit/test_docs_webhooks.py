"""The webhooks page: its receiver runs, its example is an envelope, its table is the code's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from functions.api_deliveries.models import DeliveryReport, Failure, PingView
from functions.api_deliveries.redrive_models import RedriveDeadLetters
from functions.api_deliveries.replay_models import ReplayView, ReplayWebhook
from functions.api_webhooks.models import ChangeWebhook, RotateSecret
from functions.deliver_webhook.handler import THREADS
from sluice.adapters.delivery_log import EXAMINED
from sluice.adapters.items import DELIVERY_LIFE
from sluice.adapters.webhook_signer import StandardWebhooksSigner
from sluice.config import DeliverWebhookSettings
from sluice.domain.deliveries import RetrySchedule
from sluice.domain.endpoint_health import (
    FIRST_PAUSE,
    GIVE_UP_AFTER,
    LONGEST_HOLD,
    LONGEST_PAUSE,
    MAX_IN_FLIGHT,
    OVERLOADED,
    SILENT_TO_OPEN,
    TENANT_IN_FLIGHT,
)
from sluice.domain.errors import DeliveryNotDead, WebhookDisabled
from sluice.domain.event_catalogue import CATALOGUE
from sluice.domain.events import EventType, Origin, describe, describe_ping
from sluice.domain.redrives import AHEAD, EACH
from sluice.domain.states import AssetState, DeliveryState
from sluice.domain.webhook_secrets import MAX_RETIRED
from sluice.service.redrives import AT_ONCE, READS
from sluice.service.replays import AT_ONCE as REPLAYED_AT_ONCE
from sluice.service.replays import MAX_EXAMINED
from sluice.service.webhooks import MAX_WEBHOOKS
from tests.contract.samples import make_asset
from tests.documents import REPOSITORY, code, rows, section

PAGE = REPOSITORY / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Receive = Callable[[list[str], dict[str, str], bytes], int]


@pytest.fixture
def receive() -> Receive:
    names: dict[str, Any] = {}
    exec(compile(code(PAGE, "Verify", "python"), str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    return names["receive"]  # type: ignore[no-any-return]


def signed(body: str, *, at: datetime) -> dict[str, str]:
    return StandardWebhooksSigner().headers(secrets=[SECRET], message_id=json.loads(body)["id"], sent_at=at, body=body)


def test_the_receiver_takes_what_we_send_once(receive: Receive, capsys: pytest.CaptureFixture[str]) -> None:
    body = code(PAGE, "Events", "json")
    headers = signed(body, at=datetime.now(UTC))
    assert [receive([SECRET], headers, body.encode()) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "transcode.ready ast_01m827pqg7h12y81tncc8mn8q7 ready\n"


def test_the_receiver_refuses_the_rest(receive: Receive, capsys: pytest.CaptureFixture[str]) -> None:
    body = code(PAGE, "Events", "json")
    fresh, stale = datetime.now(UTC), datetime.now(UTC) - timedelta(minutes=6)
    assert receive([SECRET], signed(body, at=fresh), body.replace("ready", "failed").encode()) == 401
    assert receive([SECRET], signed(body, at=stale), body.encode()) == 401
    assert receive(["whsec_" + "A" * 32], signed(body, at=fresh), body.encode()) == 401
    assert receive([SECRET], {}, body.encode()) == 401
    assert capsys.readouterr().out == ""


def test_the_example_has_the_shape_of_an_envelope() -> None:
    example = json.loads(code(PAGE, "Events", "json"))
    origin = Origin(environment="dev", now=datetime.now(UTC), event_id=example["id"])
    real = json.loads(
        describe(make_asset(sequence=6, state="ready"), EventType(example["type"]), origin, previous_state=None).body
    )
    assert list(real) == list(example)
    assert list(real["data"]) == list(example["data"])
    assert real["api_version"] == example["api_version"]


def test_the_table_holds_every_event_type() -> None:
    listed: dict[str, set[str]] = {}
    for kind, state, _ in rows(PAGE, "Events"):
        listed.setdefault(kind.strip("`"), set()).add(state.strip("`"))
    assert listed.keys() == set(EventType)
    for kind, states in listed.items():
        expected = set(CATALOGUE[EventType(kind)].states)
        assert states - {""} == expected if expected else states - {""} <= set(AssetState), kind


def test_figures_of_the_text_are_the_code_s() -> None:
    text = " ".join(PAGE.read_text().split())
    defaults = DeliverWebhookSettings.model_fields
    schedule = RetrySchedule.parse(defaults["retry_schedule_s"].default).delays_s
    assert schedule == (0, 5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
    assert "at once, after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h" in text
    assert f"{sum(schedule) // 3600:.0f} hours in all" in text
    assert f"within {defaults['timeout_s'].default:.0f} s" in text
    assert f"at most {MAX_WEBHOOKS} endpoints" in text
    assert GIVE_UP_AFTER.days == 5 and "every attempt of the last five days" in text


def test_figures_of_an_overloaded_endpoint_are_the_code_s() -> None:
    text = " ".join(section(PAGE, "Slow and overloaded endpoints").split())
    assert f"has {MAX_IN_FLIGHT} slots" in text and f"{MAX_IN_FLIGHT} of the {THREADS * 200:,} attempts" in text
    assert f"share {TENANT_IN_FLIGHT} slots" in text and f"down to {TENANT_IN_FLIGHT // MAX_WEBHOOKS} of fifty" in text
    assert SILENT_TO_OPEN == 5 and "After five attempts in a row" in text
    assert sorted(OVERLOADED) == [429, 502, 504] and "429, 502 or 504" in text
    assert f"for {FIRST_PAUSE.seconds} s" in text and f"up to {LONGEST_PAUSE.seconds // 60} minutes" in text
    assert f"and {LONGEST_HOLD.seconds // 60} minutes at most" in text


def test_the_change_of_the_page_is_one() -> None:
    body = code(PAGE, "Change an endpoint", "").partition("\n")[2]
    assert ChangeWebhook.model_validate_json(body).max_per_second == 20


def test_figures_of_a_rotation_are_the_code_s() -> None:
    text = " ".join(section(PAGE, "Change the secret").split())
    overlap = RotateSecret.model_json_schema()["properties"]["overlap_s"]
    assert f'{{"overlap_s": {overlap["default"]}}}' in text
    assert f"{overlap['default'] // 3600} hours if" in text and f"at most {overlap['maximum'] // 86_400} days" in text
    assert MAX_RETIRED == 4 and "four earlier secrets" in text


def test_the_receiver_takes_either_signature_of_an_overlap(
    receive: Receive, capsys: pytest.CaptureFixture[str]
) -> None:
    body, newer = code(PAGE, "Events", "json"), "whsec_" + "A" * 32
    signer, now = StandardWebhooksSigner(), datetime.now(UTC)
    headers = signer.headers(secrets=[newer, SECRET], message_id=json.loads(body)["id"], sent_at=now, body=body)
    assert [receive([secret], headers, body.encode()) for secret in (newer, SECRET)] == [204, 204]
    assert receive(["whsec_" + "B" * 32], headers, body.encode()) == 401


def test_the_receiver_takes_a_ping(receive: Receive, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    origin = Origin(environment="dev", now=now, event_id="evt_01m827rwpq3v5g2x0c4t8k9abd")
    body = describe_ping("whk_01m827rwpq3v5g2x0c4t8k9abe", "ten_01m827pjz7fkqps8n0re85ds7d", origin, correlation_id="c")
    assert list(json.loads(body)) == list(json.loads(code(PAGE, "Events", "json")))
    assert receive([SECRET], signed(body, at=now), body.encode()) == 204
    assert capsys.readouterr().out == "webhook.ping None None\n"


def test_the_example_of_a_delivery_is_an_answer() -> None:
    example = json.loads(code(PAGE, "What was sent", "json"))
    assert json.loads(DeliveryReport.model_validate(example).model_dump_json()) == example
    text = section(PAGE, "What was sent")
    assert all(f"`{state}`" in text for state in DeliveryState)
    assert f"kept for {DELIVERY_LIFE.days} days" in text and f"{EXAMINED:,} deliveries" in text


def test_the_page_says_how_many_are_redriven_at_once() -> None:
    text = section(PAGE, "Dead letters")
    assert f'"redriven": {AT_ONCE}' in text and f"finds {AT_ONCE} at most" in text
    assert f"looks at {READS * EXAMINED:,} at most" in " ".join(text.split())
    assert f"at {timedelta(minutes=1) // EACH} a minute" in text and f"more than {AHEAD.seconds // 60} minutes" in text
    body = text.partition("dead-letters:redrive\n")[2].partition("\n")[0]
    assert RedriveDeadLetters.model_validate_json(body).filter().types == ("transcode.*",)
    assert f"for {DELIVERY_LIFE.days} days after" in text
    assert f"`{DeliveryNotDead.code}`" in text and f"`{WebhookDisabled.code}`" in text


def test_the_example_of_a_test_is_an_answer() -> None:
    example = json.loads(code(PAGE, "Test", "json"))
    assert json.loads(PingView.model_validate(example).model_dump_json()) == example
    words = get_args(Failure)
    assert all(f"`{word}`" in section(PAGE, "Test") for word in words)


def test_the_examples_of_a_replay_are_a_body_and_an_answer() -> None:
    text = section(PAGE, "Replay")
    example = json.loads(code(PAGE, "Replay", "json"))
    assert json.loads(ReplayView.model_validate(example).model_dump_json()) == example
    body = json.loads(code(PAGE, "Replay", "").splitlines()[-1])
    assert body.keys() | {"event_ids"} == ReplayWebhook.model_fields.keys()
    selection = ReplayWebhook.model_validate(body).selection(datetime(2026, 12, 2, tzinfo=UTC))
    assert selection.until == datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert f"{REPLAYED_AT_ONCE} deliveries are queued at once and {REPLAYED_AT_ONCE} a minute" in text
    assert f"{MAX_EXAMINED:,} deliveries" in text and f"last {DELIVERY_LIFE.days} days" in text
