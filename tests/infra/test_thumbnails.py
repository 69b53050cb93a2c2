"""Chosen posters: what calls the function that makes them, where its failures stay, and the little that it may do."""

from fnmatch import fnmatchcase
from typing import Any

from sluice.domain.media_keys import media_prefix, playlists_prefix
from sluice.domain.thumbnails import thumbnail_key
from tests.infra.deployment import Deployment, Resource, as_list, flat

ROWS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
QUEUE = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}  # CDK: Lambda puts its failures there
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}


def role_described(deployment: Deployment, wanted: str) -> Resource:
    [found] = [one for one in deployment.resources("AWS::IAM::Role") if one.properties.get("Description") == wanted]
    return found


def reached(deployment: Deployment, role: Resource) -> set[tuple[str, str]]:
    return {
        (as_list(one["Action"])[0], flat(resource).rpartition(">")[2])
        for one in deployment.statements_of(role)
        for resource in as_list(one["Resource"])
    }


def allowed(deployment: Deployment, name: str) -> set[str]:
    statements = deployment.statements_of(deployment.role_of(deployment.function(name)))
    return {action for one in statements if one["Effect"] == "Allow" for action in as_list(one["Action"])}


def test_a_sent_picture_calls_the_function_and_nothing_else(dev: Deployment) -> None:
    [rule] = [one for one in dev.resources("AWS::Events::Rule") if "PictureSent" in one.logical_id]
    pattern = rule.properties["EventPattern"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "thumbnails/"}]}
    assert "Uploads" in flat(pattern["detail"]["bucket"]["name"][0])
    [target] = rule.properties["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [dev.function("make_thumbnail").logical_id, "Arn"]}
    assert "ThumbnailsDeadLetters" in flat(target["DeadLetterConfig"]["Arn"])


def test_a_call_that_fails_is_repeated_and_then_kept(dev: Deployment) -> None:
    rule = dev.asynchronous("make_thumbnail")
    assert (rule["MaximumRetryAttempts"], rule["MaximumEventAgeInSeconds"]) == (2, 1800)
    assert "ThumbnailsDeadLetters" in flat(rule["DestinationConfig"]["OnFailure"]["Destination"])


def test_who_parses_pictures_reaches_rows_and_no_object(dev: Deployment) -> None:
    role = dev.role_of(dev.function("make_thumbnail"))
    assert allowed(dev, "make_thumbnail") == ROWS | LOGS | {"sts:AssumeRole"} | QUEUE
    [denied] = [one for one in dev.statements_of(role) if one["Effect"] == "Deny"]
    assert set(denied["Action"]) == ROWS
    assert denied["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["LOOKUP#*"]}}
    [sending] = [one for one in dev.statements_of(role) if "sqs:SendMessage" in as_list(one["Action"])]
    assert "ThumbnailsDeadLetters" in flat(sending["Resource"])


def test_its_storage_is_one_prefix_of_uploads_and_the_media_bucket(dev: Deployment) -> None:
    role = role_described(dev, "Reads one picture or rendition, writes one picture")
    [trust] = role.properties["AssumeRolePolicyDocument"]["Statement"]
    ours = dev.role_of(dev.function("make_thumbnail"))
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": [ours.logical_id, "Arn"]}}
    assert reached(dev, role) == {
        ("s3:GetObject", "/thumbnails/*"),
        ("s3:GetObject", "/media/*"),
        ("s3:GetObject", "/playlists/*"),
        ("s3:PutObject", "/media/*"),
    }


def test_the_api_calls_that_function_and_signs_for_that_prefix(dev: Deployment) -> None:
    needed = {"secretsmanager:GetSecretValue", "dynamodb:DeleteItem", "sts:AssumeRole", "lambda:InvokeFunction"}
    assert allowed(dev, "api_thumbnails") == ROWS | LOGS | needed
    role = dev.role_of(dev.function("api_thumbnails"))
    [calling] = [one for one in dev.statements_of(role) if one["Action"] == "lambda:InvokeFunction"]
    assert "ThumbnailsMakeThumbnail" in flat(calling["Resource"])
    signer = role_described(dev, "Signs what is sent to thumbnails/")
    assert reached(dev, signer) == {("s3:PutObject", "/thumbnails/*")}
    [trust] = signer.properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": [role.logical_id, "Arn"]}}


def test_reconcile_removes_chosen_posters_and_no_other_object(dev: Deployment) -> None:
    deleting = [
        (policy.logical_id, as_list(one["Resource"]))
        for policy in dev.resources("AWS::IAM::Policy")
        for one in policy.properties["PolicyDocument"]["Statement"]
        if "s3:DeleteObject" in as_list(one["Action"])
    ]
    [(policy, [resource])] = deleting
    assert policy.startswith("ReconciliationReconcile") and "MediaBucket" in flat(resource)
    keys = flat(resource).rpartition(">")[2].removeprefix("/")
    names = ("v1080", "v1080-iframe", "audio", "poster.jpg", "storyboard-001.jpg", "preview.mp4", "preview.webp")
    tenant_id, asset_id = f"ten_{'0' * 26}", f"ast_{'0' * 26}"
    assert fnmatchcase(thumbnail_key(tenant_id, asset_id, f"thm_{'0' * 26}"), keys)
    for prefix in (media_prefix, playlists_prefix):
        version = prefix(tenant_id, asset_id, f"ver_{'0' * 26}")
        assert [name for name in names if fnmatchcase(version + name, keys)] == []


def test_originals_of_pictures_are_gone_after_a_day(dev: Deployment) -> None:
    def rules(bucket: Resource) -> list[dict[str, Any]]:
        return list(bucket.properties.get("LifecycleConfiguration", {}).get("Rules", []))

    [rule] = [
        rule for one in dev.resources("AWS::S3::Bucket") for rule in rules(one) if rule.get("Prefix") == "thumbnails/"
    ]
    assert (rule["ExpirationInDays"], rule["Status"]) == (1, "Enabled")


def test_both_functions_that_handle_media_share_one_layer(dev: Deployment) -> None:
    [layer] = [one for one in dev.resources("AWS::Lambda::LayerVersion") if "ffmpeg" in str(one.properties)]
    for name in ("publish_early", "make_thumbnail"):
        assert {"Ref": layer.logical_id} in dev.function(name).properties["Layers"], name
