"""What must never be lost, and where it lies."""

import pytest

from sluice import table as names
from tests.infra.conftest import Synthesized
from tests.infra.deployment import Deployment, Resource

DATA = (
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)


def table(deployment: Deployment) -> Resource:
    return deployment.only("AWS::DynamoDB::Table")


def bucket(deployment: Deployment, name: str) -> Resource:
    [found] = [one for one in deployment.resources("AWS::S3::Bucket") if one.logical_id.startswith(name)]
    return found


def test_the_table_is_on_demand_recoverable_streamed_and_cleaned_up(dev: Deployment) -> None:
    settings = table(dev).properties
    assert settings["BillingMode"] == "PAY_PER_REQUEST"
    assert settings["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert settings["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert settings["TimeToLiveSpecification"] == {"AttributeName": names.TTL, "Enabled": True}


def keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(key["KeyType"], key["AttributeName"]) for key in schema]


def test_the_table_has_the_keys_that_adapters_write(dev: Deployment) -> None:
    settings = table(dev).properties
    assert keys(settings["KeySchema"]) == [("HASH", names.PK), ("RANGE", names.SK)]
    indexes = {one["IndexName"]: one for one in settings["GlobalSecondaryIndexes"]}
    assert set(indexes) == {names.LIST_INDEX, names.DUE_INDEX}
    assert keys(indexes[names.LIST_INDEX]["KeySchema"]) == [("HASH", names.LIST_PK), ("RANGE", names.LIST_SK)]
    assert keys(indexes[names.DUE_INDEX]["KeySchema"]) == [("HASH", names.DUE_PK), ("RANGE", names.DUE_SK)]
    for index in indexes.values():
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_no_bucket_is_public_or_speaks_plain_http(dev: Deployment) -> None:
    buckets = dev.resources("AWS::S3::Bucket")
    assert len(buckets) == 3
    for one in buckets:
        block = one.properties["PublicAccessBlockConfiguration"]
        assert set(block.values()) == {True}
        assert len(block) == 4
    denied = [
        statement
        for policy in dev.resources("AWS::S3::BucketPolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert len(denied) == 3


def test_browsers_can_put_parts_and_read_their_etags(dev: Deployment) -> None:
    [rule] = bucket(dev, "Uploads").properties["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["PUT"]
    assert rule["ExposedHeaders"] == ["ETag"]
    assert rule["AllowedOrigins"] == ["*"]


def test_forgotten_parts_go_away_after_the_longest_upload(dev: Deployment) -> None:
    rules = bucket(dev, "Uploads").properties["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule.get("Prefix") != "thumbnails/"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 8}
    assert "ExpirationInDays" not in rule


def test_only_the_uploads_bucket_tells_eventbridge_and_without_a_helper_lambda(dev: Deployment) -> None:
    notifying = [one for one in dev.resources("AWS::S3::Bucket") if "NotificationConfiguration" in one.properties]
    assert [one.logical_id for one in notifying] == [bucket(dev, "Uploads").logical_id]
    configuration = notifying[0].properties["NotificationConfiguration"]
    assert configuration == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert dev.resources("Custom::S3BucketNotifications") == []


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_data_outlives_its_stack(synthesized: Synthesized, environment: str) -> None:
    deployment = synthesized(environment)
    data = deployment.resources(*DATA)
    assert len(data) == 1 + 1 + 3 + 6
    for resource in data:
        assert resource.body["DeletionPolicy"] == "Retain", resource.name
        assert resource.body["UpdateReplacePolicy"] == "Retain", resource.name
    assert table(deployment).properties["DeletionProtectionEnabled"] is True


def test_data_of_dev_goes_with_its_stack(dev: Deployment) -> None:
    """All but the private signing keys; see test_delivery."""
    kept = {resource.name for resource in dev.resources(*DATA) if resource.body["DeletionPolicy"] != "Delete"}
    assert len(kept) == 3
    assert all(name.startswith("delivery/SigningKeysSecret") for name in kept)


def test_the_key_of_webhook_secrets_rotates(dev: Deployment) -> None:
    assert dev.only("AWS::KMS::Key").properties["EnableKeyRotation"] is True
