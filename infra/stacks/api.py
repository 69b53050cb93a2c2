"""The HTTP API: routes, the functions behind them, the authorizer in front."""

from aws_cdk import App, CfnOutput, CfnParameter, Stack

from infra.config import Config
from infra.constructs.api_assets import ApiAssets
from infra.constructs.api_deliveries import ApiDeliveries
from infra.constructs.api_events import ApiEvents
from infra.constructs.api_ingest import ApiIngest
from infra.constructs.api_playback import ApiPlayback
from infra.constructs.api_policies import ApiPolicies
from infra.constructs.api_thumbnails import ApiThumbnails
from infra.constructs.api_uploads import ApiUploads
from infra.constructs.api_webhooks import ApiWebhooks
from infra.constructs.authorizer import Authorizer
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.layers import Layers
from infra.stacks.data import DataStack
from infra.stacks.delivery import DeliveryStack
from infra.stacks.pipeline import PipelineStack


class ApiStack(Stack):
    def __init__(
        self, scope: App, config: Config, data: DataStack, delivery: DeliveryStack, pipeline: PipelineStack
    ) -> None:
        super().__init__(scope, f"{config.prefix}-api", description="Sluice: HTTP API")
        base = Foundation(config, Layers(self, "Layers", config=config), data.table)
        vault = data.vault
        capabilities = (
            ApiUploads(
                self,
                base=base,
                uploads=data.uploads,
                upload_tokens=vault.upload_tokens,
                completions=pipeline.completion.queue,
            ),
            ApiIngest(self, base=base, uploads=data.uploads, fetches=pipeline.fetches),
            ApiPolicies(self, base=base, cursor=vault.cursor),
            ApiAssets(self, base=base, cursor=vault.cursor, uploads=data.uploads, transcodes=pipeline.state_machine),
            ApiThumbnails(
                self, base=base, cursor=vault.cursor, uploads=data.uploads, maker=pipeline.thumbnails.function
            ),
            ApiWebhooks(self, base=base, vault=vault),
            ApiDeliveries(self, base=base, vault=vault, deliveries=pipeline.webhooks.queue),
            ApiEvents(self, base=base, cursor=vault.cursor),
            ApiPlayback(self, base=base, token_secret_arn=self._token_secret_arn(config, delivery)),
        )
        authorizer = Authorizer(self, base=base, pepper=vault.pepper, upload_tokens=vault.upload_tokens).authorizer
        api = HttpApi(self, "HttpApi", config=config, authorizer=authorizer)
        for capability in capabilities:
            api.route(capability.function, capability.ROUTES)
        CfnOutput(self, "ApiUrl", value=config.api_base_url or api.api.api_endpoint)
        CfnOutput(self, "ApiId", value=api.api.api_id)

    def _token_secret_arn(self, config: Config, delivery: DeliveryStack) -> str:
        """No export: CloudFormation would refuse to replace it, at a rotation, while this stack imports it."""
        self.add_dependency(delivery, "its parameter is read")
        parameter = CfnParameter(
            self, "TokenSecretArn", type="AWS::SSM::Parameter::Value<String>", default=config.token_secret_parameter
        )
        return parameter.value_as_string
