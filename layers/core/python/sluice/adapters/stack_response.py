"""The answer of a custom resource to CloudFormation: one PUT to the presigned URL that came with the request."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 20


def send_response(
    event: Mapping[str, Any], *, physical_id: str, data: Mapping[str, str] | None = None, reason: str | None = None
) -> None:
    """`reason` makes it a failure; people read it in the stack's events, so no internals in it."""
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "",
        "PhysicalResourceId": physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": dict(data or {}),
    }
    url = str(event["ResponseURL"])
    if not url.startswith(("https://", "http://")):
        raise ValueError("ResponseURL is not an http(s) URL")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url,
        data=json.dumps(answer).encode(),
        method="PUT",
        headers={"Content-Type": ""},  # S3 signed the URL without a type
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - the scheme is checked above
        response.read()
