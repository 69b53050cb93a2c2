"""A function may answer an HTTP API without a body: API Gateway takes `"body": null`, ministack only a missing one."""

from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

lambda_svc = engine_module("services.lambda_svc", "lambda_execute_result_to_api_proxy_response")


def install() -> None:
    wrap(lambda_svc, "lambda_execute_result_to_api_proxy_response", with_empty_body)


def with_empty_body(original: Any) -> Any:
    def proxy_response(*arguments: Any, **options: Any) -> Any:
        answer, *rest = original(*arguments, **options)
        if isinstance(answer, dict) and answer.get("body", "") is None:
            answer = {**answer, "body": ""}
        return (answer, *rest)

    return proxy_response
