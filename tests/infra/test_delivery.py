"""What viewers can reach, and what they need for it."""

import pytest

from tests.infra.conftest import Synthesized
from tests.infra.deployment import Deployment, Resource, flat, strings, synthesize

BEHAVIOURS = {"/v1/play/*", "/embed/*", "/player/*", "/media/*"}


def behaviours(deployment: Deployment) -> dict[str, dict[str, object]]:
    config = deployment.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    return {
        **{behaviour["PathPattern"]: behaviour for behaviour in config["CacheBehaviors"]},
        "default": config["DefaultCacheBehavior"],
    }


def origins(deployment: Deployment) -> dict[str, dict[str, object]]:
    config = deployment.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    return {origin["Id"]: origin for origin in config["Origins"]}


def test_the_paths_are_these(dev: Deployment) -> None:
    assert set(behaviours(dev)) == BEHAVIOURS | {"default"}


def test_whatever_reads_the_media_bucket_needs_a_signature(dev: Deployment) -> None:
    group = dev.only("AWS::CloudFront::KeyGroup")
    media = {name for name, origin in origins(dev).items() if "MediaBucket" in flat(origin["DomainName"])}
    assert len(media) == 1
    signed = {path for path, behaviour in behaviours(dev).items() if behaviour["TargetOriginId"] in media}
    assert signed == {"/media/*", "default"}
    for path in signed:
        assert behaviours(dev)[path]["TrustedKeyGroups"] == [{"Ref": group.logical_id}], path


@pytest.mark.parametrize("path", sorted(BEHAVIOURS))
def test_browsers_may_ask_first(dev: Deployment, path: str) -> None:
    """A player on another site sends OPTIONS, also to signed paths."""
    behaviour = behaviours(dev)[path]
    assert behaviour["AllowedMethods"] == ["GET", "HEAD", "OPTIONS"]
    headers = dev.only("AWS::CloudFront::ResponseHeadersPolicy")
    assert behaviour["ResponseHeadersPolicyId"] == {"Ref": headers.logical_id}
    cors = headers.properties["ResponseHeadersPolicyConfig"]["CorsConfig"]
    assert cors["AccessControlAllowOrigins"] == {"Items": ["*"]}
    assert "OPTIONS" in cors["AccessControlAllowMethods"]["Items"]
    assert cors["OriginOverride"] is True


def test_s3_answers_a_preflight_for_media(dev: Deployment) -> None:
    [bucket] = [one for one in dev.resources("AWS::S3::Bucket") if one.logical_id.startswith("MediaBucket")]
    [rule] = bucket.properties["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["GET", "HEAD"]
    assert rule["AllowedOrigins"] == ["*"]
    # Origin and Access-Control-Request-* reach S3: the managed policy CORS-S3Origin
    assert behaviours(dev)["/media/*"]["OriginRequestPolicyId"] == "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"


def test_playlists_are_rendered_per_viewer_and_never_cached(dev: Deployment) -> None:
    for path in ("/v1/play/*", "/embed/*"):
        behaviour = behaviours(dev)[path]
        assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # the managed CachingDisabled
        assert "FunctionUrl" in flat(origins(dev)[str(behaviour["TargetOriginId"])]["DomainName"]["Fn::Select"][1])


def test_cloudfront_signs_every_request_to_an_origin(dev: Deployment) -> None:
    controls = dev.resources("AWS::CloudFront::OriginAccessControl")
    kinds = {one.properties["OriginAccessControlConfig"]["OriginAccessControlOriginType"] for one in controls}
    assert kinds == {"s3", "lambda"}
    for control in controls:
        assert control.properties["OriginAccessControlConfig"]["SigningBehavior"] == "always", control.name
    for name, origin in origins(dev).items():
        assert origin["OriginAccessControlId"], name


def test_the_function_url_has_both_permissions_and_they_name_the_distribution(dev: Deployment) -> None:
    """Since October 2025 lambda:InvokeFunction is needed beside lambda:InvokeFunctionUrl."""
    assert dev.only("AWS::Lambda::Url").properties["AuthType"] == "AWS_IAM"
    permissions = {
        one.properties["Action"]: one
        for one in dev.resources("AWS::Lambda::Permission")
        if one.properties["Principal"] == "cloudfront.amazonaws.com"
    }
    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    distribution = dev.only("AWS::CloudFront::Distribution").logical_id
    for permission in permissions.values():
        assert flat(permission.properties["SourceArn"]).endswith(f":distribution/<{distribution}>")


def bucket_policy(dev: Deployment, bucket: str) -> Resource:
    [found] = [
        one for one in dev.resources("AWS::S3::BucketPolicy") if flat(one.properties["Bucket"]).startswith(f"<{bucket}")
    ]
    return found


@pytest.mark.parametrize(("bucket", "prefix"), [("MediaBucket", "/media/*"), ("PlayerBucket", "/player/*")])
def test_cloudfront_reads_one_prefix_of_a_bucket(dev: Deployment, bucket: str, prefix: str) -> None:
    """Packager's playlists lie in the media bucket too, under a root that nobody is served from."""
    statements = bucket_policy(dev, bucket).properties["PolicyDocument"]["Statement"]
    [allowed] = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    assert flat(allowed["Resource"]).endswith(f".Arn>{prefix}")
    assert "AWS:SourceArn" in allowed["Condition"]["StringEquals"]


def test_keys_are_named_by_slot_and_generation(dev: Deployment) -> None:
    """A public key cannot be updated in place: another generation has to be another resource."""
    keys = dev.resources("AWS::CloudFront::PublicKey")
    names = {flat(one.properties["PublicKeyConfig"]["Name"]): one for one in keys}
    assert set(names) == {"sluice-dev-<AWS::Region>-a-1", "sluice-dev-<AWS::Region>-b-1"}
    for name, key in names.items():
        slot, generation = name.split("-")[-2:]
        assert f"PublicKey{slot.title()}{generation}" in key.logical_id
        assert flat(key.properties["PublicKeyConfig"]["CallerReference"]) == name
        assert "PublicKeyPem" in flat(key.properties["PublicKeyConfig"]["EncodedKey"])
    group = dev.only("AWS::CloudFront::KeyGroup").properties["KeyGroupConfig"]["Items"]
    assert group == [{"Ref": key.logical_id} for key in keys]


def test_playback_signs_with_a_key_of_the_group_and_its_own_secret(dev: Deployment) -> None:
    variables = dev.function("playback").properties["Environment"]["Variables"]
    key = variables["SLUICE_KEY_PAIR_ID"]["Ref"]
    assert {"Ref": key} in dev.only("AWS::CloudFront::KeyGroup").properties["KeyGroupConfig"]["Items"]
    assert "PublicKeyA1" in key
    assert "SecretA1" in variables["SLUICE_URL_SIGNING_SECRET_ARN"]["Ref"]
    assert "SecretTokens1" in variables["SLUICE_TOKEN_SECRET_ARN"]["Ref"]


def test_secrets_of_key_pairs_start_without_a_value(dev: Deployment) -> None:
    secrets = [one for one in dev.resources("AWS::SecretsManager::Secret") if one.stack == "delivery"]
    assert len(secrets) == 3
    for secret in secrets:
        assert set(secret.properties) & {"GenerateSecretString", "SecretString"} == set(), secret.name


@pytest.mark.parametrize(
    ("environment", "policy"), [("local", "Delete"), ("dev", "Retain"), ("staging", "Retain"), ("prod", "Retain")]
)
def test_a_private_key_outlives_its_stack_on_aws(synthesized: Synthesized, environment: str, policy: str) -> None:
    """Nobody has a copy of what a mistaken deployment would remove."""
    secrets = synthesized(environment).resources("AWS::SecretsManager::Secret")
    keys = [one for one in secrets if one.stack == "delivery"]
    assert len(keys) == 3
    for key in keys:
        assert (key.body["DeletionPolicy"], key.body["UpdateReplacePolicy"]) == (policy, policy), key.name


def test_no_private_key_stands_in_a_template(dev: Deployment) -> None:
    texts = [text for template in dev.templates.values() for text in strings(template)]
    assert len(texts) > 1000
    assert [text for text in texts if "PRIVATE KEY" in text] == []


def test_the_media_base_url_is_a_parameter(dev: Deployment) -> None:
    parameters = {one.properties["Name"]: one.properties for one in dev.resources("AWS::SSM::Parameter")}
    parameter = parameters["/sluice/dev/media-base-url"]
    assert flat(parameter["Value"]).startswith("https://<CdnDistribution")
    for name in ("playback", "api_playback"):
        variables = dev.function(name).properties["Environment"]["Variables"]
        assert variables["SLUICE_MEDIA_BASE_URL_PARAMETER"] == parameter["Name"]
        resources = [flat(statement["Resource"]) for statement in dev.statements_of(dev.role_of(dev.function(name)))]
        assert [one for one in resources if one.endswith(":parameter/sluice/dev/media-base-url")], name


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("moved")
    synthesize("dev", folder, context={"mediaBaseUrl": "https://media.example.com"})
    return Deployment("dev", folder)


@pytest.mark.parametrize("name", ["playback", "api_playback"])
def test_another_media_base_url_replaces_warm_functions(dev: Deployment, moved: Deployment, name: str) -> None:
    """The parameter is read once per process, and a changed value alone starts no new process."""
    before, after = (one.function(name).properties["Environment"]["Variables"] for one in (dev, moved))
    assert {key for key in before | after if before.get(key) != after.get(key)} == {"SLUICE_MEDIA_BASE_URL_DIGEST"}


def test_playback_starts_anew_only_when_the_new_media_base_url_can_be_read(moved: Deployment) -> None:
    [parameter] = [
        one.logical_id
        for one in moved.resources("AWS::SSM::Parameter")
        if one.properties["Value"] == "https://media.example.com"
    ]
    assert parameter in moved.function("playback").body["DependsOn"]
