"""Every function acts under its own role, and what the role does not say it cannot do."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice import table
from tests.contract.engine.sessions import assumed
from tests.e2e.customer import Customer
from tests.e2e.film import Film
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


@contextmanager
def without(stacks: Stacks, function: str, action: str) -> Iterator[None]:
    """The function's role lacks one action meanwhile."""
    iam, role = stacks.engine.client("iam"), stacks.role_of(function).rsplit("/", 1)[-1]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less: dict[str, Any] = json.loads(json.dumps(policy))
    for statement in less["Statement"]:
        if isinstance(statement["Action"], list) and action in statement["Action"]:
            statement["Action"].remove(action)
    assert less != policy
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def test_an_action_that_is_missing_is_denied(customer: Customer, stacks: Stacks) -> None:
    body = {"url": customer.receiver.url, "event_types": ["upload.expired"]}
    with without(stacks, "api_webhooks", "dynamodb:PutItem"):
        refused = customer.api.request("POST", "/v1/webhooks", body)
        assert refused.status >= 500
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert json.loads(refused.data)["code"] == "internal_error"
        assert "AccessDenied" not in refused.data.decode()  # internals stay in the log
        assert len(customer.api.call("GET", "/v1/webhooks")["data"]) == 1  # what it may do still works
    request_id = refused.headers["X-Request-Id"]
    told = eventually(
        lambda: [line for line in stacks.log_messages("api_webhooks") if request_id in line and "AccessDenied" in line],
        "the reason in the log",
    )
    assert "dynamodb:PutItem" in told[0]
    made = customer.api.call("POST", "/v1/webhooks", body)
    customer.api.call("DELETE", f"/v1/webhooks/{made['webhook_id']}")


def test_playback_reads_the_table_and_cannot_write_it(film: Film, stacks: Stacks) -> None:
    dynamodb = assumed(stacks.engine, stacks.role_of("playback"), "dynamodb")
    name, key = stacks.outputs["TableName"], table.asset(film.customer.tenant_id, film.slot["asset_id"])
    assert "Item" in dynamodb.get_item(TableName=name, Key={table.PK: {"S": key.pk}, table.SK: {"S": key.sk}})
    item = {table.PK: {"S": key.pk}, table.SK: {"S": "NEVER"}}  # harms no other test, should it be written
    # not update_item: it may count refused viewers, and the engine knows no dynamodb:LeadingKeys that keep it to those
    refused: list[Callable[[], Any]] = [
        lambda: dynamodb.put_item(TableName=name, Item=item),
        lambda: dynamodb.delete_item(TableName=name, Key=item),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item}}]),
        lambda: dynamodb.scan(TableName=name),
    ]
    for call in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
    assert film.customer.asset(film.slot)["state"] == "ready"
