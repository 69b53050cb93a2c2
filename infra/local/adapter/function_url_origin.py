"""A function URL behind CloudFront with origin access control: CloudFront signs, the function's policy decides.

ministack sends such requests unsigned, which an AWS_IAM function URL refuses. Both permissions count, as on AWS since
October 2025: lambda:InvokeFunctionUrl and lambda:InvokeFunction, for this distribution.
"""

import contextvars
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

app = engine_module("app", "_function_url_auth_target", "_parse_lambda_url")
cloudfront = engine_module("services.cloudfront", "_fetch_from_origin", "_fetch_from_function_url_origin")
iam_evaluator = engine_module("core.iam_evaluator", "EvalContext", "evaluate_resource_policy")
lambda_svc = engine_module("services.lambda_svc", "_function_url_is_signed", "function_policy_for_arn")

ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
SERVICE = "cloudfront.amazonaws.com"
FORBIDDEN = (403, "Forbidden", [("Content-Type", "application/json")], b'{"Message":"Forbidden"}')

DISTRIBUTION: contextvars.ContextVar[str] = contextvars.ContextVar("distribution", default="")
SIGNED: contextvars.ContextVar[bool] = contextvars.ContextVar("signed_by_cloudfront", default=False)


def install() -> None:
    wrap(cloudfront, "_fetch_from_origin", knowing_distribution)
    wrap(cloudfront, "_fetch_from_function_url_origin", with_access_control)
    wrap(lambda_svc, "_function_url_is_signed", by_cloudfront_too)


def knowing_distribution(original: Any) -> Any:
    async def fetch(*arguments: Any) -> Any:
        DISTRIBUTION.set(arguments[-1])  # its ARN
        return await original(*arguments)

    return fetch


def with_access_control(original: Any) -> Any:
    async def fetch(host: str, origin: dict[str, Any], *rest: Any) -> Any:
        if origin["oac_id"]:
            if not may_invoke(host, DISTRIBUTION.get()):
                return FORBIDDEN
            SIGNED.set(True)
        return await original(host, origin, *rest)

    return fetch


def by_cloudfront_too(original: Any) -> Any:
    return lambda headers, query_params: SIGNED.get() or original(headers, query_params)


def may_invoke(host: str, distribution_arn: str) -> bool:
    """Whether the policy of the function behind a URL's host lets CloudFront call it for this distribution."""
    url_id = app._parse_lambda_url(host, "/")[0]
    function_arn, keys, _ = app._function_url_auth_target(url_id)
    policy = lambda_svc.function_policy_for_arn(function_arn)
    context = {
        "aws:sourcearn": distribution_arn,
        "lambda:invokedviafunctionurl": "true",
        **{name.lower(): value for name, value in keys.items()},
    }
    return policy is not None and all(_allows(policy[0], action, function_arn, context) for action in ACTIONS)


def _allows(policy: Any, action: str, function_arn: str, context: dict[str, Any]) -> bool:
    account, region = function_arn.split(":")[4], function_arn.split(":")[3]
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:cloudfront::{account}:service",
        principal_type="Service",
        principal_account=account,
        action=action,
        resource_arn=function_arn,
        region=region,
        service_context=context,
    )
    return bool(iam_evaluator.evaluate_resource_policy(policy, request, service=SERVICE).decision == "Allow")
