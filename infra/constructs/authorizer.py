"""Says who calls, never what they may do: scopes are checked behind the gateway, where errors can have our shape."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import allow_rows, allow_secret
from infra.constructs.python_function import PythonFunction
from sluice.config import AuthorizerSettings


class Authorizer(Construct):
    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        pepper: secretsmanager.ISecret,
        upload_tokens: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, "Identity")
        function = PythonFunction(
            self,
            name="authorizer",
            base=base,
            timeout_s=10,
            reserved_concurrency=base.config.reserved_concurrency,
            memory_mb=1024,  # in front of every call
            environment=AuthorizerSettings.to_env(
                **base.settings,
                pepper_secret_arn=pepper.secret_arn,
                upload_token_secret_arn=upload_tokens.secret_arn,
            ),
        )
        allow_rows(function, base.table, ["dynamodb:GetItem"])
        allow_secret(function, pepper.secret_arn, upload_tokens.secret_arn)
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Authorizer",
            function.function,
            authorizer_name="api-key",
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            identity_source=[],  # with one, the gateway itself would answer a missing header, in its own shape
            results_cache_ttl=Duration.seconds(0),  # its cache mixes routes up
        )
