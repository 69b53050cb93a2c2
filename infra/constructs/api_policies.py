"""Intake policies and encoding profiles: create, list, look, change, delete or archive."""

from typing import ClassVar

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.python_function import PythonFunction
from sluice.config import ApiPoliciesSettings


class ApiPolicies(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/intake-policies"),
        Route("GET", "/v1/intake-policies"),
        Route("GET", "/v1/intake-policies/{policy_id}"),
        Route("PATCH", "/v1/intake-policies/{policy_id}"),
        Route("DELETE", "/v1/intake-policies/{policy_id}"),
        Route("POST", "/v1/encoding-profiles"),
        Route("GET", "/v1/encoding-profiles"),
        Route("GET", "/v1/encoding-profiles/{profile_id}"),
        Route("PATCH", "/v1/encoding-profiles/{profile_id}"),
        Route("DELETE", "/v1/encoding-profiles/{profile_id}"),
    )

    def __init__(self, scope: Construct, *, base: Foundation, cursor: secretsmanager.ISecret) -> None:
        super().__init__(scope, "Policies")
        api = PythonFunction(
            self,
            name="api_policies",
            base=base,
            memory_mb=1024,
            environment=ApiPoliciesSettings.to_env(**base.settings, cursor_secret_arn=cursor.secret_arn),
        )
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])
        allow_secret(api, cursor.secret_arn)
        self.function = api.function
