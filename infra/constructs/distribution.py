"""CloudFront: which path is answered by whom, and what needs a signature."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.response_headers import response_headers

GET_HEAD_OPTIONS = cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS
HTTPS_ONLY = cloudfront.ViewerProtocolPolicy.HTTPS_ONLY


class Distribution(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        media: s3.Bucket,
        player: s3.Bucket,
        key_group: cloudfront.IKeyGroup,
        playback_url: lambda_.IFunctionUrl,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = f"{name}-{Aws.REGION}"  # CloudFront's names are the whole account's, whatever the region
        self._headers = response_headers(self, name=self._name)
        self._access = cloudfront.S3OriginAccessControl(
            self, "S3Access", origin_access_control_name=f"{self._name}-s3", signing=cloudfront.Signing.SIGV4_ALWAYS
        )
        signed = self._signed_media(media, key_group)
        rendered = self._rendered(playback_url)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=name,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            # Any other path is 403: without a signature CloudFront refuses; with one S3 does, because the bucket policy
            # below opens nothing but media/, which has a behaviour of its own.
            default_behavior=signed,
            additional_behaviors={
                "/v1/play/*": rendered,
                "/embed/*": rendered,
                "/player/*": self._static(player),
                "/media/*": signed,
            },
        )
        self._allow_reading(media, "media")
        self._allow_reading(player, "player")
        self._acknowledge()

    def _s3_origin(self, bucket: s3.Bucket, name: str) -> cloudfront.IOrigin:
        """Our own access control: the L2's would open the whole bucket, playlists included."""
        return origins.S3BucketOrigin.with_bucket_defaults(
            bucket, origin_id=name, origin_access_control_id=self._access.origin_access_control_id
        )

    def _signed_media(self, media: s3.Bucket, key_group: cloudfront.IKeyGroup) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=self._s3_origin(media, "media"),
            trusted_key_groups=[key_group],
            allowed_methods=GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            origin_request_policy=cloudfront.OriginRequestPolicy.CORS_S3_ORIGIN,
            response_headers_policy=self._headers,
            viewer_protocol_policy=HTTPS_ONLY,
            compress=False,  # media does not shrink
        )

    def _rendered(self, playback_url: lambda_.IFunctionUrl) -> cloudfront.BehaviorOptions:
        access = cloudfront.FunctionUrlOriginAccessControl(
            self,
            "PlaybackAccess",
            origin_access_control_name=f"{self._name}-playback",
            signing=cloudfront.Signing.SIGV4_ALWAYS,
        )
        return cloudfront.BehaviorOptions(
            origin=origins.FunctionUrlOrigin.with_origin_access_control(
                playback_url, origin_id="playback", origin_access_control=access
            ),
            allowed_methods=GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,  # playlists are per viewer
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=self._headers,
            viewer_protocol_policy=HTTPS_ONLY,
        )

    def _static(self, player: s3.Bucket) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=self._s3_origin(player, "player"),
            allowed_methods=GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._headers,
            viewer_protocol_policy=HTTPS_ONLY,
        )

    def _allow_reading(self, bucket: s3.Bucket, prefix: str) -> None:
        arn = Stack.of(self).format_arn(
            service="cloudfront", region="", resource="distribution", resource_name=self.distribution.distribution_id
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
                resources=[bucket.arn_for_objects(f"{prefix}/*")],
                conditions={"StringEquals": {"AWS:SourceArn": arn}},
            )
        )

    def _acknowledge(self) -> None:
        acknowledge(
            self.distribution,
            {
                "AwsSolutions-CFR1": "Where videos may be watched is the deployer's decision, not a default of ours.",
                "AwsSolutions-CFR2": "A web ACL costs money while idle; signatures and tokens guard every path.",
                "AwsSolutions-CFR3": "Classic access logs hold signed queries. Standard logging v2, where fields can "
                "be chosen, needs resources in us-east-1, which a stack of another region cannot own.",
                "AwsSolutions-CFR4": "The default certificate fixes the protocol; a custom domain brings TLS 1.2.",
            },
        )
