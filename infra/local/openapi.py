"""`python -m infra.local.openapi [--check]`: openapi.json from the code of every `api_*` function.

Powertools describes each function's routes; this joins them into one document and adds what our own step does to every
answer: problem+json, tracing headers, the error catalogue.
"""

import argparse
import difflib
import importlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from sluice.domain import errors, replay_errors, source_errors, thumbnail_errors, upload_errors
from sluice.domain.errors import SluiceError
from sluice.domain.events import API_VERSION
from sluice.http.caller import API_KEY, UPLOAD_TOKEN
from sluice.http.problems import Problem
from sluice.http.s3_xml import FAILURES, S3_FAILURES, XML
from sluice.problem_json import PROBLEM_JSON, status_of

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = REPOSITORY / "openapi.json"

DESCRIPTION = """Video in, signed playback and verified webhooks out.

Every failure is `application/problem+json` (RFC 9457) with a stable `code`; `x-error-codes` lists them all. The gateway
in front answers 404 (no such route), 413, 429 and 503 by itself, as `{"message": ...}`. Clients must ignore response
fields that they do not know; unknown request fields are refused."""

POWERTOOLS_SCHEMAS = {"HTTPValidationError", "ValidationError", "ResponseValidationError"}  # answers we never give

PARAMETERS = {
    "CorrelationId": {
        "name": "X-Correlation-Id",
        "in": "header",
        "required": False,
        "description": "Carried through rows, events, jobs and logs, and echoed. Made when missing or malformed.",
        "schema": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9._:/=+-]+$"},
    }
}

HEADERS = {
    "RequestId": {"description": "Of this call; also in the problem and in our logs.", "schema": {"type": "string"}},
    "CorrelationId": {"description": "The caller's own, or the request id.", "schema": {"type": "string"}},
    "ETag": {"description": "Of the resource as it is now; for `If-Match`.", "schema": {"type": "string"}},
    "IdempotentReplayed": {
        "description": "`true` when an earlier call with this Idempotency-Key made the resource.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}


def api_functions() -> list[str]:
    return sorted(path.parent.name for path in REPOSITORY.glob("functions/api_*/handler.py"))


def resolver(function: str) -> APIGatewayHttpResolver:
    app = importlib.import_module(f"functions.{function}.handler").app
    assert isinstance(app, APIGatewayHttpResolver)  # noqa: S101
    return app


def described(app: APIGatewayHttpResolver) -> dict[str, Any]:
    text = app.get_openapi_json_schema(
        title="Sluice",
        version=API_VERSION,
        description=DESCRIPTION,
        security_schemes={
            API_KEY: HTTPBearer(description="An API key: `sk_<env>_...`. Each route names its scope."),
            UPLOAD_TOKEN: HTTPBearer(description="An upload token: `ut_<env>_...`, good for its own upload only."),
        },
    )
    document: dict[str, Any] = json.loads(text)
    return document


def document() -> dict[str, Any]:
    """The whole API. Raises ValueError when two functions give one name to two schemas, or share a route."""
    parts = [described(resolver(name)) for name in api_functions()]
    whole = parts[0] | {"paths": {}}
    schemas: dict[str, Any] = {}
    for part in parts:
        for path, methods in part["paths"].items():
            merge(whole["paths"].setdefault(path, {}), methods, f"route {path}")
        merge(schemas, part["components"]["schemas"], "schema")
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    merge(schemas, {**problem.pop("$defs"), "Problem": problem}, "schema")
    whole["components"] |= {
        "schemas": {name: schema for name, schema in schemas.items() if name not in POWERTOOLS_SCHEMAS},
        "responses": {"Problem": problem_response(), "S3Error": s3_error_response()},
        "parameters": PARAMETERS,
        "headers": HEADERS,
    }
    for path, method, operation in operations(whole):
        complete(operation, path, method)
    for methods in whole["paths"].values():
        add_etags(methods)
    whole["x-error-codes"] = error_codes()
    return whole


def merge(into: dict[str, Any], more: dict[str, Any], kind: str) -> None:
    for name, value in more.items():
        if into.setdefault(name, value) != value:
            raise ValueError(f"two functions define the {kind} {name} differently")


def operations(whole: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def complete(operation: dict[str, Any], path: str, method: str) -> None:
    """What every route gets from `sluice.http`."""
    operation["operationId"] = operation["operationId"].removesuffix(re.sub(r"\W", "_", path) + f"_{method}")
    parameters = operation.setdefault("parameters", [])
    names = {parameter["name"]: parameter for parameter in parameters}
    if keyed := names.get("idempotency-key"):
        keyed["name"] = "Idempotency-Key"
    if conditional := names.get("if-match"):
        conditional["name"] = "If-Match"
    parameters.append({"$ref": "#/components/parameters/CorrelationId"})
    responses = operation["responses"]
    kind = "S3Error" if operation.get(FAILURES) == S3_FAILURES[FAILURES] else "Problem"
    for status, response in responses.items():
        if status == "204":
            response.pop("content", None)
        response["headers"] = answer_headers(replayable=keyed is not None)
    for status in failures(operation, path, method, cursor="cursor" in names, conditional=conditional is not None):
        responses[str(status)] = {"$ref": f"#/components/responses/{kind}"}


def add_etags(methods: dict[str, Any]) -> None:
    """Where a change can be made conditional, every answer with the resource says what to condition it on."""
    parameters = methods.get("patch", {}).get("parameters", [])
    if any(parameter.get("name") == "If-Match" for parameter in parameters):
        for method in ("get", "patch"):
            methods[method]["responses"]["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}


def failures(operation: dict[str, Any], path: str, method: str, *, cursor: bool, conditional: bool) -> list[int]:
    body = "requestBody" in operation
    named = {one.get("name", "") for one in operation["parameters"]}
    resource = "{" in path or any(name.endswith("_id") for name in named)
    possible = {
        400: body or cursor or "after" in named,
        401: True,
        403: True,
        404: resource or body,
        409: method != "get",
        410: "after" in named,
        412: conditional,
        415: body,
        422: True,
        429: "wait_s" in named,
        500: True,
        503: True,
    }
    return [status for status, applies in possible.items() if applies]


def answer_headers(*, replayable: bool) -> dict[str, Any]:
    names = {"X-Request-Id": "RequestId", "X-Correlation-Id": "CorrelationId"}
    if replayable:
        names["Idempotent-Replayed"] = "IdempotentReplayed"
    return {header: {"$ref": f"#/components/headers/{name}"} for header, name in names.items()}


def problem_response() -> dict[str, Any]:
    return {
        "description": "What went wrong; `code` says it in a stable word.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": answer_headers(replayable=False)
        | {"Retry-After": {"description": "Seconds; only when retryable.", "schema": {"type": "integer"}}},
    }


def s3_error_response() -> dict[str, Any]:
    """The same failures where S3 is spoken: what may be repeated is 503, whatever its problem's status is."""
    return problem_response() | {
        "description": "S3's `<Error>` with `Code`, `Message` and, in `Reason`, our `code`. 503: send it again.",
        "content": {XML: {"schema": {"type": "string"}}},
    }


def error_codes() -> dict[str, Any]:
    modules = (errors, replay_errors, source_errors, thumbnail_errors, upload_errors)
    catalogue = [
        error
        for module in modules
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, SluiceError)
    ]
    return {
        error.code: {"status": int(status_of(error)), "title": error.message, "retryable": error.retryable}
        for error in catalogue
    }


def rendered() -> str:
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.local.openapi", description="Write openapi.json from the code.")
    parser.add_argument("--check", action="store_true", help="only say whether it would change")
    if not parser.parse_args(argv).check:
        TARGET.write_text(rendered())
        return 0
    before = TARGET.read_text() if TARGET.exists() else ""
    changes = difflib.unified_diff(before.splitlines(), rendered().splitlines(), "openapi.json", "code", lineterm="")
    text = "\n".join(changes)
    print(text or "openapi.json is up to date")
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
