"""Intake policies and encoding profiles over HTTP: what uploads are held to, and how they are encoded."""

from functools import cache
from typing import Any

from functions.api_policies import policy_routes, profile_routes
from sluice import bootstrap
from sluice.config import ApiPoliciesSettings
from sluice.http import api
from sluice.observability import observed

app = api()


@cache
def deps() -> bootstrap.ApiPolicies:
    return bootstrap.api_policies(ApiPoliciesSettings.from_env())


policy_routes.add_to(app, lambda: deps())
profile_routes.add_to(app, lambda: deps())


@observed("api_policies")
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
