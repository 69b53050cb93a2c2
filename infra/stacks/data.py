"""What must never be lost: the table, the uploaded originals, the secrets."""

from aws_cdk import App, CfnOutput, Stack

from infra.config import Config
from infra.constructs.table import Table
from infra.constructs.upload_bucket import UploadBucket
from infra.constructs.vault import Vault


class DataStack(Stack):
    def __init__(self, scope: App, config: Config) -> None:
        super().__init__(scope, f"{config.prefix}-data", description="Sluice: table, uploads, secrets")
        self.table = Table(self, "Table", config=config).table
        self.uploads = UploadBucket(self, "Uploads", config=config).bucket
        self.vault = Vault(self, "Vault", config=config)
        CfnOutput(self, "TableName", value=self.table.table_name)
        CfnOutput(self, "UploadsBucket", value=self.uploads.bucket_name)
