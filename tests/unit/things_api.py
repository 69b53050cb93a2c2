"""A small API over `sluice.http`: routes that succeed, fail and misbehave on demand."""

import json
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import Field

from sluice.domain.errors import AssetNotFound, ProviderFailure, WriteConflict
from sluice.http import (
    IdempotencyKey,
    Limit,
    RequestBody,
    ResponseBody,
    Timestamp,
    api,
    caller,
    created,
    keyed,
    needs,
    no_content,
)
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.time import FakeClock

READ, WRITE = ["assets:read"], ["assets:write"]

FAILURES = {
    "missing": AssetNotFound(),
    "raced": WriteConflict(),
    "down": ProviderFailure(),
    "bug": RuntimeError("secret internals"),
}


class NewThing(RequestBody):
    name: Annotated[str, Field(max_length=10)]
    sizes: list[int] = []


class ThingView(ResponseBody):
    name: str
    made_at: Timestamp


def view(name: str) -> ThingView:
    return ThingView(name=name, made_at=FakeClock()())


def things_api() -> APIGatewayHttpResolver:
    app = api()

    @app.post("/v1/things", status_code=201, security=needs("assets:write"))
    def create_thing(body: NewThing, idempotency_key: IdempotencyKey = None) -> Response[ThingView]:
        return created(view(body.name), replayed=idempotency_key == "again")

    @app.get("/v1/things", security=needs("assets:read"))
    def list_things(limit: Limit = 25) -> ThingView:
        return view(str(limit))

    @app.get("/v1/things/<thing>", security=needs("assets:read"))
    def get_thing(thing: str) -> ThingView:
        if thing in FAILURES:
            raise FAILURES[thing]
        if thing == "wrong-answer":
            return {"name": 5}  # type: ignore[return-value]
        return view("|".join(map(str, caller(app)[:2])))

    @app.delete("/v1/things/<thing>", status_code=204, security=needs("assets:write"))
    def delete_thing(thing: str) -> Response[None]:
        return no_content()

    @app.post("/v1/things/<thing>/copies", security=needs("assets:write"))
    def copy_thing(thing: str, body: NewThing, idempotency_key: IdempotencyKey = None) -> dict[str, Any]:
        return keyed(app, idempotency_key)._asdict()

    return app


def call(app: APIGatewayHttpResolver, *arguments: Any, **options: Any) -> tuple[int, dict[str, str], Any]:
    """Status, headers and parsed body of one request."""
    answer = app.resolve(request(*arguments, **options), LambdaContext())  # type: ignore[arg-type]
    return answer["statusCode"], answer["headers"], json.loads(answer["body"]) if answer["body"] else None
