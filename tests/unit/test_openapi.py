"""openapi.json says what the code does."""

import ast
import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from infra.local.openapi import REPOSITORY, TARGET, api_functions, document, main, merge, operations, rendered
from sluice.domain.api_keys import SCOPES


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document()


def test_the_committed_document_is_what_the_code_gives() -> None:
    assert TARGET.read_text() == rendered(), "run: make openapi"


def test_it_is_valid_openapi_3_1(whole: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(whole).validate()
    assert whole["openapi"].startswith("3.1")


def test_every_function_has_routes_in_it(whole: dict[str, Any]) -> None:
    assert api_functions() == [
        "api_assets",
        "api_deliveries",
        "api_events",
        "api_ingest",
        "api_playback",
        "api_policies",
        "api_thumbnails",
        "api_uploads",
        "api_webhooks",
    ]
    assert {operation["tags"][0] for _, _, operation in operations(whole)} == {
        "assets",
        "events",
        "encoding profiles",
        "intake policies",
        "jobs",
        "playback",
        "thumbnails",
        "uploads",
        "webhooks",
    }


def test_what_is_documented_is_what_is_deployed(whole: dict[str, Any]) -> None:
    trees = [ast.parse(path.read_text()) for path in REPOSITORY.glob("infra/constructs/api_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    routes = [ast.literal_eval(ast.Tuple(call.args)) for call in calls if ast.unparse(call.func) == "Route"]
    assert sorted(routes) == sorted((method.upper(), path) for path, method, _ in operations(whole))


def test_every_route_needs_exactly_one_known_scope(whole: dict[str, Any]) -> None:
    for path, method, operation in operations(whole):
        requirement, *others = operation["security"]
        assert set(requirement["api_key"]) <= SCOPES and len(requirement["api_key"]) == 1, (method, path)
        assert others in ([], [{"upload_token": []}]), (method, path)


def test_upload_tokens_open_what_lies_below_one_upload_but_other_tokens(whole: dict[str, Any]) -> None:
    opened = {path for path, _, operation in operations(whole) if {"upload_token": []} in operation["security"]}
    below = {path for path in whole["paths"] if path.startswith("/v1/uploads/{upload_id}")}
    assert opened == below - {"/v1/uploads/{upload_id}/token"}


def test_every_post_takes_an_idempotency_key(whole: dict[str, Any]) -> None:
    for path, method, operation in operations(whole):
        names = [parameter.get("name") for parameter in operation["parameters"]]
        assert ("Idempotency-Key" in names) == (method == "post"), (method, path)


def test_every_failure_is_a_problem(whole: dict[str, Any]) -> None:
    for path, method, operation in operations(whole):
        failures = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"401", "403", "422", "500", "503"} <= failures.keys(), (method, path)
        kind = "S3Error" if path.endswith("/s3") else "Problem"
        assert all(answer == {"$ref": f"#/components/responses/{kind}"} for answer in failures.values())
    assert list(whole["components"]["responses"]["S3Error"]["content"]) == ["application/xml"]
    assert list(whole["components"]["responses"]["Problem"]["content"]) == ["application/problem+json"]


def test_what_waits_can_be_refused_and_what_is_kept_can_run_out(whole: dict[str, Any]) -> None:
    answering = {status: set[str]() for status in ("410", "429")}
    for path, method, operation in operations(whole):
        for status in answering.keys() & operation["responses"].keys():
            answering[status].add(f"{method} {path}")
    assert answering == {"410": {"get /v1/events"}, "429": {"get /v1/events"}}


def test_request_bodies_refuse_unknown_fields_and_answers_do_not(whole: dict[str, Any]) -> None:
    schemas = whole["components"]["schemas"]
    requests = set[str]()
    waiting = [operation["requestBody"] for _, _, operation in operations(whole) if "requestBody" in operation]
    while waiting:  # a body may hold others
        named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop())))
        waiting += [schemas[name] for name in named - requests]
        requests |= named
    assert requests
    objects = {name: schema for name, schema in schemas.items() if "properties" in schema}
    for name, schema in objects.items():
        assert (schema.get("additionalProperties") is False) == (name in requests), name


def test_a_change_of_part_of_a_resource_has_no_defaults(whole: dict[str, Any]) -> None:
    """A generated client would send them, and so reset what its user left out."""
    for name in ("ChangeIntakePolicy", "ChangeQuotaLimits", "ChangeWebhook"):
        properties = whole["components"]["schemas"][name]["properties"]
        assert properties and [field for field in properties.values() if "default" in field] == [], name


def test_what_can_be_changed_conditionally_says_its_version(whole: dict[str, Any]) -> None:
    changing = [(path, one) for path, method, one in operations(whole) if method == "patch"]
    assert changing
    for path, operation in changing:
        assert "If-Match" in [parameter.get("name") for parameter in operation["parameters"]]
        assert "412" in operation["responses"]
        for method in ("get", "patch"):
            assert "ETag" in whole["paths"][path][method]["responses"]["200"]["headers"]


def test_operation_ids_are_the_handlers_names(whole: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(whole)]
    assert len(ids) == len(set(ids))
    assert all(name.isidentifier() and "v1" not in name for name in ids)


def test_no_content_has_no_content(whole: dict[str, Any]) -> None:
    deletions = [operation for _, method, operation in operations(whole) if method == "delete"]
    assert deletions
    assert all("content" not in operation["responses"]["204"] for operation in deletions)


def test_the_catalogue_holds_every_error_code(whole: dict[str, Any]) -> None:
    codes = whole["x-error-codes"]
    assert codes["idempotency_key_reused"]["status"] == 422
    assert codes["idempotency_in_flight"] == {
        "status": 409,
        "title": "A request with this Idempotency-Key is still running.",
        "retryable": True,
    }
    assert codes["invalid_cursor"]["status"] == 400
    assert {codes[name]["status"] for name in codes if name.endswith("_not_found")} == {404}


def test_two_meanings_of_one_name_are_an_error() -> None:
    into = {"Thing": {"type": "string"}}
    merge(into, {"Thing": {"type": "string"}}, "schema")
    with pytest.raises(ValueError, match="schema Thing"):
        merge(into, {"Thing": {"type": "integer"}}, "schema")


def test_the_check_shows_what_would_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.local.openapi.TARGET", tmp_path / "openapi.json")
    assert main(["--check"]) == 1
    assert '+  "openapi": "3.1.0",' in capsys.readouterr().out
    assert main([]) == 0
    assert json.loads((tmp_path / "openapi.json").read_text())["info"]["title"] == "Sluice"
    assert main(["--check"]) == 0
