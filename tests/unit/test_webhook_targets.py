"""Endpoints whose URL is an alias of a queue or bus that the operator registered."""

from collections.abc import Mapping

import pytest

from functions.api_webhooks import handler
from sluice.adapters.routed_webhook_sender import RoutedWebhookSender
from sluice.domain.errors import UrlNotAllowed
from sluice.domain.models import WebhookEndpoint
from sluice.domain.webhook_targets import WebhookTarget
from sluice.service.deliveries import Outcome
from sluice.service.webhook_ports import Answer
from tests.fakes.gateway import TENANT
from tests.unit.webhook_api import Api
from tests.unit.webhook_world import WebhookWorld

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:films"
BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/audit"
TARGETS = {
    "mine": WebhookTarget(arn=QUEUE, tenants=frozenset({TENANT})),
    "everybodys": WebhookTarget(arn=BUS, tenants=None),
    "anothers": WebhookTarget(arn=QUEUE, tenants=frozenset({"ten_other"})),
}
NOT_OURS = ("alias:anothers", "alias:unknown", "alias:", "alias:alias:mine")


class Wire:
    """Both ways out; each remembers what went through it."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.sent: list[str] = []

    def check_url(self, url: str) -> None:
        self.checked.append(url)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        return self.send(url, headers=headers, body=body, timeout_s=timeout_s)

    def send(self, arn: str, *, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        self.sent.append(arn)
        return Answer(200, "", None, 1)


@pytest.fixture
def https() -> Wire:
    return Wire()


@pytest.fixture
def aws() -> Wire:
    return Wire()


@pytest.fixture
def sender(https: Wire, aws: Wire) -> RoutedWebhookSender:
    return RoutedWebhookSender(https, aws, TARGETS)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    made.sender.targets = TARGETS
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


@pytest.mark.parametrize(("url", "arn"), [("alias:mine", QUEUE), ("alias:everybodys", BUS)])
def test_an_alias_goes_to_its_target(sender: RoutedWebhookSender, https: Wire, aws: Wire, url: str, arn: str) -> None:
    sender.check_url(url, tenant_id=TENANT)
    sender.post(url, tenant_id=TENANT, headers={}, body=b"{}", timeout_s=15)
    assert (aws.sent, https.sent, https.checked) == ([arn], [], [])


@pytest.mark.parametrize("url", ["https://example.com/alias:mine", "ALIAS:mine", QUEUE])
def test_everything_else_is_a_url(sender: RoutedWebhookSender, https: Wire, aws: Wire, url: str) -> None:
    sender.check_url(url, tenant_id=TENANT)
    sender.post(url, tenant_id=TENANT, headers={}, body=b"{}", timeout_s=15)
    assert (aws.sent, https.sent, https.checked) == ([], [url], [url])


@pytest.mark.parametrize("url", NOT_OURS)
def test_what_is_not_the_tenants_is_sent_nowhere(sender: RoutedWebhookSender, https: Wire, aws: Wire, url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        sender.check_url(url, tenant_id=TENANT)
    with pytest.raises(UrlNotAllowed):
        sender.post(url, tenant_id=TENANT, headers={}, body=b"{}", timeout_s=15)
    assert (aws.sent, https.sent, https.checked) == ([], [], [])


def test_an_endpoint_is_made_with_an_alias(api: Api) -> None:
    made = api.create(url="alias:mine")
    assert (made["statusCode"], made["json"]["url"]) == (201, "alias:mine")
    changed = api.call("PATCH", "/v1/webhooks/" + made["json"]["webhook_id"], body={"url": "alias:everybodys"})
    assert (changed["statusCode"], changed["json"]["url"]) == (200, "alias:everybodys")


def test_refusals_do_not_tell_whether_there_is_such_an_alias(api: Api) -> None:
    path = "/v1/webhooks/" + api.create()["json"]["webhook_id"]
    answers = [api.create(url=url) for url in NOT_OURS]
    answers += [api.call("PATCH", path, body={"url": url}) for url in NOT_OURS]
    assert {(one["statusCode"], one["json"]["code"], str(one["json"]["errors"])) for one in answers} == {
        (422, "url_not_allowed", str(answers[0]["json"]["errors"]))
    }
    assert answers[0]["json"]["errors"][0]["pointer"] == "/url"
    assert len(api.records.webhooks(TENANT)) == 1


@pytest.fixture
def world() -> WebhookWorld:
    made = WebhookWorld()
    made.sender.targets = {"films": WebhookTarget(arn=QUEUE, tenants=frozenset({made.tenant.id}))}
    return made


@pytest.fixture
def endpoint(world: WebhookWorld) -> WebhookEndpoint:
    return world.endpoint(url="alias:films")


def test_a_delivery_to_an_alias_is_like_any_other(world: WebhookWorld, endpoint: WebhookEndpoint) -> None:
    event = world.event()
    world.dispatch(event)
    assert world.work() == [Outcome.DELIVERED]
    [post] = world.sender.posts
    assert (post.url, post.body, post.headers["webhook-id"]) == ("alias:films", event.body.encode(), event.id)
    assert [(one.status, one.failure) for one in world.attempts()] == [(200, None)]


@pytest.mark.parametrize("left", [{}, {"films": WebhookTarget(arn=QUEUE, tenants=frozenset({"ten_other"}))}])
def test_the_allow_list_is_looked_at_before_every_attempt(
    world: WebhookWorld, endpoint: WebhookEndpoint, left: dict[str, WebhookTarget]
) -> None:
    world.dispatch(world.event())
    allowed, world.sender.targets = world.sender.targets, left
    assert world.work() == [Outcome.RETRYING]
    assert not world.sender.posts
    assert [(one.status, one.failure) for one in world.attempts()] == [(None, "url_not_allowed")]
    world.sender.targets = allowed
    world.now.tick(seconds=5)
    assert world.work() == [Outcome.DELIVERED]
