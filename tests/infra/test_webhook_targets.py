"""Queues and buses of the operator: registered at synth, and what may send to them."""

import json
from collections.abc import Mapping

import pytest

from infra.config import Config, ConfigError, read_config
from infra.webhook_targets import MAX_SETTING
from sluice.config import read_targets
from tests.infra.deployment import TARGETS, Deployment, as_list, flat

QUEUE, BUS = (str(TARGETS[alias]["arn"]) for alias in ("films", "audit"))
READERS = ("api_webhooks", "api_deliveries", "deliver_webhook")
SENDING = ("sqs:SendMessage", "events:PutEvents")


def read(targets: object) -> Config:
    return read_config({"environment": "dev", "webhookTargets": targets}.get)


def sending(deployment: Deployment) -> set[tuple[str, str, str]]:
    """Function, action, resource: of all that may send messages or events."""
    return {
        (function.properties["FunctionName"].removeprefix("sluice-dev-"), action, flat(resource))
        for function in deployment.resources("AWS::Lambda::Function")
        if isinstance(function.properties.get("FunctionName"), str)
        for statement in deployment.statements_of(deployment.role_of(function))
        for action in as_list(statement["Action"])
        if action in SENDING
        for resource in as_list(statement["Resource"])
    }


def test_two_functions_may_send_to_exactly_these(opened: Deployment, dev: Deployment) -> None:
    assert sending(opened) - sending(dev) == {
        (function, action, arn)
        for function in ("deliver_webhook", "api_deliveries")
        for action, arn in zip(SENDING, (QUEUE, BUS), strict=True)
    }


def test_none_may_put_events_where_none_is_registered(dev: Deployment) -> None:
    assert {action for _, action, _ in sending(dev)} == {"sqs:SendMessage"}
    assert not [resource for _, _, resource in sending(dev) if resource.startswith("arn:")]


def test_the_functions_read_what_was_registered(opened: Deployment, dev: Deployment) -> None:
    for name in READERS:
        settings = [
            one.function(name).properties["Environment"]["Variables"]["SLUICE_WEBHOOK_TARGETS"] for one in (opened, dev)
        ]
        registered, none = (read_targets(flat(setting)) for setting in settings)
        assert {alias: target.model_dump(mode="json") for alias, target in registered.items()} == TARGETS
        assert none == {}


def test_names_of_our_queues_begin_as_the_refused_ones_do(dev: Deployment) -> None:
    """CloudFormation makes them from the stack's name, and there is no bus of ours."""
    assert [one.name for one in dev.resources("AWS::SQS::Queue") if "QueueName" in one.properties] == []
    assert dev.resources("AWS::Events::EventBus") == []
    assert all(dev.template_file(stack).name.startswith("sluice-dev-") for stack in dev.templates)


def test_an_object_is_read_like_its_text() -> None:
    assert read(TARGETS).webhook_targets == read(json.dumps(TARGETS)).webhook_targets
    assert read(None).webhook_targets == read("{}").webhook_targets == read({}).webhook_targets


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:eu-west-1:111122223333:sluice-dev-pipeline-WebhooksWorkQueue1A2B3C4D-abc",
        "arn:aws:sqs:eu-west-1:111122223333:sluice-prod-pipeline-WebhooksWorkDeadLetters1A2B3C4D-abc",
        "arn:aws:events:eu-west-1:111122223333:event-bus/sluice-staging-audit",
    ],
)
def test_nothing_of_our_own_is_a_target(arn: str) -> None:
    with pytest.raises(ConfigError, match="webhookTargets: x: sluice-.* is internal"):
        read({"x": {"arn": arn, "tenants": "*"}})


@pytest.mark.parametrize("place", ["eu-west-1:111122223333", "eu-central-1:444455556666"])
def test_the_default_bus_of_an_account_is_no_target(place: str) -> None:
    """Rules of everything else in the account listen there."""
    with pytest.raises(ConfigError, match="webhookTargets: x: the default bus"):
        read({"x": {"arn": f"arn:aws:events:{place}:event-bus/default", "tenants": "*"}})


@pytest.mark.parametrize(
    "targets",
    [
        "not json",
        [],
        {"x": {"arn": "arn:aws:sns:eu-west-1:111122223333:films", "tenants": "*"}},
        {"x": {"arn": "arn:aws:lambda:eu-west-1:111122223333:function:films", "tenants": "*"}},
        {"x": {"arn": "arn:aws:events:eu-west-1:111122223333:rule/films", "tenants": "*"}},
        {"x": {"arn": "arn:aws:sqs:eu-west-1:111122223333:*", "tenants": "*"}},
        {"x": {"arn": "arn:aws:sqs:eu-west-1:111122223333:films.fifo", "tenants": "*"}},
        {"x": {"arn": f"{QUEUE}\n", "tenants": "*"}},
        {"x": {"arn": QUEUE}},
        {"x": {"arn": QUEUE, "tenants": []}},
        {"x": {"arn": QUEUE, "tenants": ["*"]}},
        {"x": {"arn": QUEUE, "tenants": "all"}},
        {"x": {"arn": QUEUE, "tenants": "*", "role": "admin"}},
        {"X y": {"arn": QUEUE, "tenants": "*"}},
        {"x": {"arn": QUEUE, "tenants": [f"ten_{number:026}" for number in range(MAX_SETTING // 30)]}},
    ],
)
def test_what_is_refused(targets: object) -> None:
    with pytest.raises(ConfigError, match=r"^webhookTargets: "):
        read(targets)


def test_the_docs_example_is_read() -> None:
    from tests.documents import OPERATIONS, section

    text = section(OPERATIONS, "Targets of webhooks").partition("```json\n")[2].partition("```")[0]
    example: Mapping[str, object] = json.loads(text)
    assert len(read(example["webhookTargets"]).webhook_targets.queue_arns) == 1
