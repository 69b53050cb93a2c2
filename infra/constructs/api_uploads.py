"""Uploads: slots, signed parts, completion."""

from typing import ClassVar

from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import (
    COUNT_ROWS,
    DELETE_ROWS,
    READ_ROWS,
    WRITE_ROWS,
    allow_objects,
    allow_rows,
    allow_secret,
)
from infra.constructs.http_api import Route
from infra.constructs.presign_role import presign_role
from infra.constructs.python_function import PythonFunction, function_role
from sluice.config import ApiUploadsSettings


class ApiUploads(Construct):
    ROUTES: ClassVar = (
        Route("POST", "/v1/uploads"),
        Route("GET", "/v1/uploads/{upload_id}"),
        Route("DELETE", "/v1/uploads/{upload_id}"),
        Route("POST", "/v1/uploads/{upload_id}/token"),
        Route("POST", "/v1/uploads/{upload_id}/parts"),
        Route("GET", "/v1/uploads/{upload_id}/parts"),
        Route("POST", "/v1/uploads/{upload_id}/complete"),
        Route("POST", "/v1/uploads/{upload_id}/s3"),
        Route("GET", "/v1/uploads/{upload_id}/s3"),
        Route("DELETE", "/v1/uploads/{upload_id}/s3"),
    )

    def __init__(
        self,
        scope: Construct,
        *,
        base: Foundation,
        uploads: s3.IBucket,
        upload_tokens: secretsmanager.ISecret,
        completions: sqs.IQueue,
    ) -> None:
        super().__init__(scope, "Uploads")
        role = function_role(self, name="api_uploads", config=base.config)
        signer = presign_role(self, bucket=uploads, prefix="uploads", trusted=role)
        api = PythonFunction(
            self,
            name="api_uploads",
            role=role,
            base=base,
            memory_mb=1024,
            environment=ApiUploadsSettings.to_env(
                **base.settings,
                uploads_bucket=uploads.bucket_name,
                presign_role_arn=signer.role_arn,
                complete_queue_url=completions.queue_url,
                upload_token_secret_arn=upload_tokens.secret_arn,
            ),
        )
        api.allow(["sts:AssumeRole"], [signer.role_arn])
        allow_rows(api, base.table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS, *DELETE_ROWS])
        allow_objects(
            api, uploads, "uploads", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        )
        api.allow(["sqs:SendMessage"], [completions.queue_arn])
        allow_secret(api, upload_tokens.secret_arn)
        self.function = api.function
