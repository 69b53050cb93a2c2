"""Intake policies over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api_policies.models import ChangeIntakePolicy, CreateIntakePolicy, IntakePolicyView
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.http import Cursor, IdempotencyKey, Limit, Page, caller, created, keyed, needs, no_content
from sluice.http.preconditions import IfMatch, etag, versioned, wanted_versions
from sluice.service import cursors, idempotency, intake_policies

ALL, ONE = "/v1/intake-policies", "/v1/intake-policies/<policy_id>"
# not uploads:write: who is held to a policy must not be able to change it
OPTIONS: dict[str, Any] = {"security": needs("assets:write"), "tags": ["intake policies"]}


def add_to(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiPolicies]) -> None:
    add_reading(app, deps)

    @app.post(ALL, status_code=201, summary="Create an intake policy", **OPTIONS)
    def create_intake_policy(
        body: Annotated[CreateIntakePolicy, Body()], idempotency_key: IdempotencyKey = None
    ) -> Response[IntakePolicyView]:
        d, tenant_id = deps(), caller(app).tenant_id
        policy, replayed = idempotency.once(
            keyed(app, idempotency_key),
            fresh_id=d.new_id(Prefix.INTAKE_POLICY),
            make=lambda policy_id: intake_policies.create_policy(
                body.command(policy_id, tenant_id), records=d.records, schemas=d.schemas, now=d.now
            ),
            find=lambda policy_id: intake_policies.get_policy(policy_id, tenant_id=tenant_id, records=d.records),
            records=d.records,
            now=d.now,
        )
        return created(IntakePolicyView.of(policy), replayed=replayed, headers=etag(policy.version))

    @app.patch(ONE, summary="Change an intake policy", **OPTIONS)
    def change_intake_policy(
        policy_id: str, body: Annotated[ChangeIntakePolicy, Body()], if_match: IfMatch = None
    ) -> Response[IntakePolicyView]:
        d, command = deps(), body.command(policy_id, caller(app).tenant_id, wanted_versions(if_match))
        policy = intake_policies.change_policy(command, records=d.records, schemas=d.schemas, now=d.now)
        return versioned(IntakePolicyView.of(policy), policy.version)

    @app.delete(ONE, status_code=204, summary="Delete an intake policy", **OPTIONS)
    def delete_intake_policy(policy_id: str, if_match: IfMatch = None) -> Response[None]:
        tenant_id, versions = caller(app).tenant_id, wanted_versions(if_match)
        intake_policies.delete_policy(policy_id, tenant_id=tenant_id, versions=versions, records=deps().records)
        return no_content()


def add_reading(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiPolicies]) -> None:
    @app.get(ALL, summary="List intake policies, newest first", **OPTIONS)
    def list_intake_policies(limit: Limit = 25, cursor: Cursor = None) -> Page[IntakePolicyView]:
        d, tenant_id = deps(), caller(app).tenant_id
        before = cursor and cursors.unseal(cursor, key=d.cursor_key(), tenant_id=tenant_id, route=ALL)
        found, position = intake_policies.list_policies(
            tenant_id=tenant_id, records=d.records, limit=limit, before=before
        )
        following = position and cursors.seal(position, key=d.cursor_key(), tenant_id=tenant_id, route=ALL)
        return Page(data=[IntakePolicyView.of(policy) for policy in found], next_cursor=following)

    @app.get(ONE, summary="Get an intake policy", **OPTIONS)
    def get_intake_policy(policy_id: str) -> Response[IntakePolicyView]:
        policy = intake_policies.get_policy(policy_id, tenant_id=caller(app).tenant_id, records=deps().records)
        return versioned(IntakePolicyView.of(policy), policy.version)
