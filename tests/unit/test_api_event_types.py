"""The catalogue of events over HTTP."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from functions.api_assets import handler
from sluice.domain.event_catalogue import EventType
from tests.fakes.gateway import LambdaContext, request


def listed(scope: str = "assets:read") -> tuple[int, Any]:
    answer = handler.lambda_handler(request("GET", "/v1/event-types", scopes=[scope]), LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_every_type_comes_with_a_schema_that_its_example_keeps() -> None:
    status, body = listed()
    assert (status, body["next_cursor"]) == (200, None)
    assert {one["type"] for one in body["data"]} == set(EventType)
    for one in body["data"]:
        assert set(one) == {"type", "version", "description", "schema", "example"}
        assert one["version"] == one["example"]["api_version"] == "2026-12-01"
        Draft202012Validator(one["schema"]).validate(one["example"])
        with pytest.raises(Exception, match="is not of type"):
            Draft202012Validator(one["schema"]).validate(one["example"] | {"data": None})


def test_it_needs_the_scope_of_readers() -> None:
    status, body = listed("webhooks:manage")
    assert (status, body["code"]) == (403, "missing_scope")
