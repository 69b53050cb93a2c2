"""Joining the parts of an upload, which can take minutes and so never happens inside an API call."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.grants import COUNT_ROWS, READ_ROWS, WRITE_ROWS, allow_objects, allow_reading, allow_rows
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import WorkQueue
from sluice.config import CompleteUploadSettings

TIMEOUT_S = 300  # 10,000 parts: ten pages of ListParts, then S3 may take minutes to join them


class UploadCompletion(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        uploads: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        work = WorkQueue(self, "Work", consumer_timeout_s=TIMEOUT_S)
        function = PythonFunction(
            self,
            name="complete_upload",
            base=base,
            timeout_s=TIMEOUT_S,
            environment=CompleteUploadSettings.to_env(**base.settings, uploads_bucket=uploads.bucket_name),
        )
        allow_rows(function, base.table, [*READ_ROWS, *WRITE_ROWS, *COUNT_ROWS])
        allow_objects(
            function, uploads, "uploads", ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        )
        allow_reading(function, uploads, "uploads")
        work.feed(function, batch_size=1, max_concurrency=20)  # one slow upload must not hold up nine others
        self.queue = work.queue
        self.dead_letters = work.dead_letters
