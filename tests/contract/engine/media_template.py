"""A distribution with one signed behaviour, two function URLs and a bucket."""

from typing import Any

from cryptography.hazmat.primitives import serialization

from tests.contract.engine.resources import Resource, attribute, function, ref, resource, role
from tests.contract.engine.signing import Key

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
ECHO = """
import base64, json
def handler(event, context):
    if event["rawPath"].endswith("raise"):
        raise RuntimeError("broken")
    if event["rawPath"].endswith(".bin"):
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 200, "body": body, "isBase64Encoded": True, "headers": {"content-type": "video/mp4"}}
    return {"statusCode": 201, "headers": {"x-mine": "yes"}, "body": json.dumps(event)}
"""


def public_key(name: str, key: Key) -> Resource:
    public = key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return resource("CloudFront::PublicKey", PublicKeyConfig={"CallerReference": name, "Name": name, "EncodedKey": pem})


def access_control(name: str, origin_type: str) -> Resource:
    config = {
        "Name": name,
        "OriginAccessControlOriginType": origin_type,
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    return resource("CloudFront::OriginAccessControl", OriginAccessControlConfig=config)


def behaviour(path: str | None, origin: str, **more: Any) -> Resource:
    common = {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
    }
    return common | ({"PathPattern": path} if path else {}) | more


def function_origin(url_id: str) -> Resource:
    host = {"Fn::Select": [2, {"Fn::Split": ["/", attribute(url_id, "FunctionUrl")]}]}
    custom = {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}
    control = attribute("FunctionAccess", "Id")
    return {"Id": url_id, "DomainName": host, "CustomOriginConfig": custom, "OriginAccessControlId": control}


def function_permissions(function_id: str) -> dict[str, Resource]:
    arn = {"Fn::Join": ["", ["arn:aws:cloudfront::000000000000:distribution/", ref("Distribution")]]}
    common = {"FunctionName": ref(function_id), "Principal": "cloudfront.amazonaws.com", "SourceArn": arn}
    through_url = {"InvokedViaFunctionUrl": True}
    return {
        f"{function_id}UrlPermission": resource("Lambda::Permission", Action="lambda:InvokeFunctionUrl", **common),
        f"{function_id}CallPermission": resource(
            "Lambda::Permission", Action="lambda:InvokeFunction", **common, **through_url
        ),
    }


def bucket_resources() -> dict[str, Resource]:
    """A bucket of which the distribution may read `media/` only."""
    arn = {"Fn::Join": ["", ["arn:aws:cloudfront::000000000000:distribution/", ref("Distribution")]]}
    reading = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": {"Fn::Join": ["", [attribute("Bucket", "Arn"), "/media/*"]]},
        "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
    }
    policy = {"Version": "2012-10-17", "Statement": [reading]}
    return {
        "Bucket": resource("S3::Bucket"),
        "BucketAccess": access_control("bucket", "s3"),
        "BucketPolicy": resource("S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument=policy),
    }


def bucket_origin() -> Resource:
    return {
        "Id": "Bucket",
        "DomainName": {"Fn::Join": ["", [ref("Bucket"), ".s3.us-east-1.amazonaws.com"]]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": attribute("BucketAccess", "Id"),
    }


def template(keys: dict[str, Key]) -> dict[str, Resource]:
    distribution = {
        "Enabled": True,
        "Origins": [bucket_origin(), function_origin("OpenUrl"), function_origin("ClosedUrl")],
        "DefaultCacheBehavior": behaviour(None, "Bucket"),
        "CacheBehaviors": [
            behaviour("/media/*", "Bucket", TrustedKeyGroups=[ref("Keys")]),
            behaviour("/v1/play/*", "OpenUrl"),
            behaviour("/closed/*", "ClosedUrl"),
        ],
    }
    group = {"Name": "media-keys", "Items": [ref("Ec"), ref("Rsa")]}
    return {
        **{name: public_key(f"media-{name}", key) for name, key in keys.items()},
        "Keys": resource("CloudFront::KeyGroup", KeyGroupConfig=group),
        **bucket_resources(),
        "Role": role("lambda"),
        "FunctionAccess": access_control("function", "lambda"),
        "Open": function(ECHO, "Role"),
        "OpenUrl": resource("Lambda::Url", TargetFunctionArn=attribute("Open", "Arn"), AuthType="AWS_IAM"),
        "Closed": function(ECHO, "Role"),
        "ClosedUrl": resource("Lambda::Url", TargetFunctionArn=attribute("Closed", "Arn"), AuthType="AWS_IAM"),
        "Distribution": resource("CloudFront::Distribution", DistributionConfig=distribution),
        **function_permissions("Open"),
    }
