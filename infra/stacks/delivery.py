"""What players talk to: the media bucket behind CloudFront, the signing keys, the function that renders playlists."""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ssm as ssm

from infra.config import Config
from infra.constructs.distribution import Distribution
from infra.constructs.foundation import Foundation
from infra.constructs.layers import Layers
from infra.constructs.media_bucket import MediaBucket, PlayerBucket
from infra.constructs.playback import Playback
from infra.constructs.signing_keys import SigningKeys
from infra.stacks.data import DataStack


class DeliveryStack(Stack):
    def __init__(self, scope: App, config: Config, data: DataStack) -> None:
        super().__init__(scope, f"{config.prefix}-delivery", description="Sluice: media bucket, CloudFront, playback")
        base = Foundation(config, Layers(self, "Layers", config=config), data.table)
        self.media = MediaBucket(self, "Media", config=config).bucket
        player = PlayerBucket(self, "Player", config=config).bucket
        keys = SigningKeys(self, "SigningKeys", base=base)
        ssm.StringParameter(
            self,
            "TokenSecretArn",
            parameter_name=config.token_secret_parameter,
            string_value=keys.token_secret_arn,
            description="Secret of the key that signs playback tokens, for the api stack",
        )
        playback = Playback(self, base=base, media=self.media, keys=keys)
        cdn = Distribution(
            self,
            "Cdn",
            name=config.prefix,
            media=self.media,
            player=player,
            key_group=keys.key_group,
            playback_url=playback.url,
        )
        media_url = config.media_base_url or f"https://{cdn.distribution.distribution_domain_name}"
        parameter = ssm.StringParameter(
            self,
            "MediaBaseUrl",
            parameter_name=config.media_base_url_parameter,
            string_value=media_url,
            description="Scheme and host of every media URL that Sluice hands out and signs",
        )
        if config.media_base_url:  # else the value is the distribution's domain, which stands behind `playback`
            playback.node.add_dependency(parameter)
        CfnOutput(self, "MediaUrl", value=media_url)
        CfnOutput(self, "DistributionDomain", value=cdn.distribution.distribution_domain_name)
        CfnOutput(self, "DistributionId", value=cdn.distribution.distribution_id)
        CfnOutput(self, "MediaBucket", value=self.media.bucket_name)
