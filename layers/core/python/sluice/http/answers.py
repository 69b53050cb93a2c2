"""Answers that are more than a model with the route's own status."""

from typing import TypeVar

from aws_lambda_powertools.event_handler import Response

from sluice.http.bodies import ResponseBody

B = TypeVar("B", bound=ResponseBody)


def created(
    body: B, *, replayed: bool = False, status: int = 201, headers: dict[str, str] | None = None
) -> Response[B]:
    """`replayed`: this Idempotency-Key made the resource earlier."""
    replay = {"Idempotent-Replayed": "true"} if replayed else {}
    return Response(status, "application/json", body, headers={**(headers or {}), **replay})


def no_content() -> Response[None]:
    return Response(204)
