"""What a client sees of a function's answer, behind an HTTP API and behind a function URL.

A function that raised is a 500 of an HTTP API and a 502 of a function URL, never its words; ministack answers 502 with
them. A `"body": null` is an empty body; ministack takes only a missing one.
"""

import contextvars
import json
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

apigateway = engine_module("services.apigateway", "_invoke_lambda_proxy")
lambda_svc = engine_module("services.lambda_svc", "lambda_execute_result_to_api_proxy_response")

STATUS: contextvars.ContextVar[int] = contextvars.ContextVar("status_of_a_raising_function", default=502)


def install() -> None:
    wrap(apigateway, "_invoke_lambda_proxy", as_http_api)
    wrap(lambda_svc, "lambda_execute_result_to_api_proxy_response", as_aws_answers)


def as_http_api(original: Any) -> Any:
    async def invoke(*arguments: Any, **options: Any) -> Any:
        STATUS.set(500)
        return await original(*arguments, **options)

    return invoke


def as_aws_answers(original: Any) -> Any:
    def convert(result: dict[str, Any]) -> Any:
        if result.get("error") and not result.get("throttle"):
            body = json.dumps({"message": "Internal Server Error"})
            return {"statusCode": STATUS.get(), "headers": {"content-type": "application/json"}, "body": body}, None
        answer, error = original(result)
        if isinstance(answer, dict) and answer.get("body", "") is None:
            answer = {**answer, "body": ""}
        return answer, error

    return convert
