"""Chosen posters over HTTP."""

from typing import ClassVar

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_calling, allow_rows, allow_secret
from infra.constructs.http_api import Route
from infra.constructs.presign_role import presign_role
from infra.constructs.python_function import PythonFunction, function_role
from sluice.config import ApiThumbnailsSettings


class ApiThumbnails(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/assets/{asset_id}/thumbnails"),
        Route("GET", "/v1/assets/{asset_id}/thumbnails"),
        Route("GET", "/v1/assets/{asset_id}/thumbnails/{thumbnail_id}"),
        Route("DELETE", "/v1/assets/{asset_id}/thumbnails/{thumbnail_id}"),
    )

    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        cursor: secretsmanager.ISecret,
        uploads: s3.IBucket,
        maker: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, "Thumbnails")
        role = function_role(self, name="api_thumbnails", config=base.config)
        signer = presign_role(self, bucket=uploads, prefix="thumbnails", trusted=role)
        api = PythonFunction(
            self,
            name="api_thumbnails",
            role=role,
            base=base,
            memory_mb=1024,
            environment=ApiThumbnailsSettings.to_env(
                **base.settings,
                cursor_secret_arn=cursor.secret_arn,
                uploads_bucket=uploads.bucket_name,
                presign_role_arn=signer.role_arn,
                make_thumbnail_function=maker.function_name,
            ),
        )
        api.allow(["sts:AssumeRole"], [signer.role_arn])
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])
        allow_secret(api, cursor.secret_arn)
        allow_calling(api, maker)
        self.function = api.function
