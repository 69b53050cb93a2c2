"""CloudFront: which path is answered by whom, and what needs a signature."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge


class Distribution(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        media: s3.Bucket,
        player: s3.Bucket,
        key_group: cloudfront.IKeyGroup,
        playback_url: lambda_.IFunctionUrl,
    ) -> None:
        super().__init__(scope, construct_id)
        access = cloudfront.S3OriginAccessControl(self, "S3Access", signing=cloudfront.Signing.SIGV4_ALWAYS)
        # "bucket defaults" with our own access control: the L2's would open the whole bucket, playlists included
        media_origin, player_origin = (
            origins.S3BucketOrigin.with_bucket_defaults(
                bucket, origin_access_control_id=access.origin_access_control_id
            )
            for bucket in (media, player)
        )
        headers = _response_headers(self)
        signed_media = cloudfront.BehaviorOptions(
            origin=media_origin,
            trusted_key_groups=[key_group],
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            origin_request_policy=cloudfront.OriginRequestPolicy.CORS_S3_ORIGIN,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            compress=False,  # media does not shrink
        )
        rendered = cloudfront.BehaviorOptions(
            origin=origins.FunctionUrlOrigin.with_origin_access_control(playback_url),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,  # playlists are per viewer
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        )
        static = cloudfront.BehaviorOptions(
            origin=player_origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=config.prefix,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            # Any other path is 403: without a signature CloudFront refuses, with one S3 does (the policy below opens
            # nothing but media/ there, and media/ has its own behaviour).
            default_behavior=signed_media,
            additional_behaviors={
                "/v1/play/*": rendered,
                "/embed/*": rendered,
                "/player/*": static,
                "/media/*": signed_media,
            },
        )
        self._allow_reading(media, "media")
        self._allow_reading(player, "player")
        acknowledge(
            self.distribution,
            {
                "AwsSolutions-CFR1": "Where videos may be watched is the deployer's decision, not a default of ours.",
                "AwsSolutions-CFR2": "A web ACL costs money while idle; signatures and tokens guard every path. Deployers add one.",
                "AwsSolutions-CFR3": "Access logs would hold signed queries. Standard logging v2 with chosen fields needs "
                "us-east-1 resources, which a regional stack cannot own.",
                "AwsSolutions-CFR4": "The default certificate fixes the protocol; a custom domain brings TLSv1.2_2021.",
            },
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


def _response_headers(scope: Construct) -> cloudfront.ResponseHeadersPolicy:
    return cloudfront.ResponseHeadersPolicy(
        scope,
        "Headers",
        comment="Players run on any site; what protects media is the signature, not the origin of a page",
        cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
            access_control_allow_credentials=False,
            access_control_allow_origins=["*"],
            access_control_allow_methods=["GET", "HEAD", "OPTIONS"],
            access_control_allow_headers=["*"],
            access_control_expose_headers=["Content-Length", "Content-Range", "Date", "ETag"],
            access_control_max_age=Duration.days(1),
            origin_override=True,
        ),
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER,  # URLs carry tokens
                override=True,
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=Duration.days(365), override=True
            ),
        ),
    )
