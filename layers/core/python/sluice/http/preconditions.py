"""ETags: a resource's version in an answer, and in the request that must not undo somebody else's change."""

import re
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header

from sluice.http.answers import B

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1_000,
        description="An `ETag` of this resource: with any other version stored, the answer is 412 and nothing changes.",
    ),
]

_STRONG = re.compile(r'"([1-9][0-9]{0,17})"')  # a weak one (W/"...") never matches, as RFC 9110 wants


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def versioned(body: B, version: int) -> Response[B]:
    return Response(200, "application/json", body, headers=etag(version))


def wanted_versions(if_match: str | None) -> frozenset[int] | None:
    """None: any version will do. Tags that are none of ours match nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [_STRONG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    return frozenset(int(found[1]) for found in tags if found)
