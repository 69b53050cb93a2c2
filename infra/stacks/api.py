"""The HTTP API: routes, the functions behind them, the authorizer in front."""

from aws_cdk import App, CfnOutput, Stack

from infra.config import Config
from infra.constructs.api_assets import ApiAssets
from infra.constructs.api_playback import ApiPlayback
from infra.constructs.api_uploads import ApiUploads
from infra.constructs.api_webhooks import ApiWebhooks
from infra.constructs.authorizer import Authorizer
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
        layers = Layers(self, "Layers", config=config)
        authorizer = Authorizer(self, config=config, layers=layers, table=data.table, pepper=data.vault.pepper)
        api = HttpApi(self, "HttpApi", config=config, authorizer=authorizer.authorizer)
        uploads = ApiUploads(
            self,
            config=config,
            layers=layers,
            table=data.table,
            uploads=data.uploads,
            cursor=data.vault.cursor,
            completions=pipeline.completion.queue,
        )
        assets = ApiAssets(self, config=config, layers=layers, table=data.table, cursor=data.vault.cursor)
        webhooks = ApiWebhooks(self, config=config, layers=layers, table=data.table, vault=data.vault)
        playback = ApiPlayback(
            self, config=config, layers=layers, table=data.table, token_secret_arn=delivery.token_secret_arn
        )
        for capability in (uploads, assets, webhooks, playback):
            api.route(capability.function, capability.ROUTES)
        CfnOutput(self, "ApiUrl", value=config.api_base_url or api.api.api_endpoint)
        CfnOutput(self, "ApiId", value=api.api.api_id)
