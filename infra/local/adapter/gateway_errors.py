"""What a client sees of a function that raised: 500 from an HTTP API, 502 from a function URL, never its words.

ministack answers 502 with the function's error.
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
    wrap(lambda_svc, "lambda_execute_result_to_api_proxy_response", without_its_words)


def as_http_api(original: Any) -> Any:
    async def invoke(*arguments: Any, **options: Any) -> Any:
        STATUS.set(500)
        return await original(*arguments, **options)

    return invoke


def without_its_words(original: Any) -> Any:
    def convert(result: dict[str, Any]) -> Any:
        if result.get("error") and not result.get("throttle"):
            body = json.dumps({"message": "Internal Server Error"})
            return {"statusCode": STATUS.get(), "headers": {"content-type": "application/json"}, "body": body}, None
        return original(result)

    return convert
