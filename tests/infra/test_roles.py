"""Least privilege, as far as a template shows it."""

import re
from collections import Counter
from fnmatch import fnmatchcase

import pytest

from sluice import table
from tests.infra.deployment import Deployment, as_list, flat

# Actions that AWS offers no narrower resource for.
NO_NARROWER_RESOURCE = {
    "dynamodb:ListStreams",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


def test_every_function_has_a_role_of_its_own(dev: Deployment) -> None:
    functions = dev.resources("AWS::Lambda::Function")
    users = Counter(dev.role_of(function).name for function in functions)
    assert len(functions) == 25
    assert set(users.values()) == {1}


def test_roles_hold_nothing_but_their_own_statements(dev: Deployment) -> None:
    for role in dev.resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role.properties, role.name
        assert "Policies" not in role.properties, role.name


def test_no_action_is_a_wildcard(dev: Deployment) -> None:
    statements = [
        statement
        for policy in dev.resources("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]
    assert len(statements) > 50
    assert [action for statement in statements for action in as_list(statement["Action"]) if "*" in action] == []


def test_only_actions_without_a_narrower_resource_may_use_any(dev: Deployment) -> None:
    found = {
        action
        for policy in dev.resources("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert found == NO_NARROWER_RESOURCE


def test_objects_are_reached_by_prefix(dev: Deployment) -> None:
    resources = {
        flat(resource)
        for policy in dev.resources("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        if re.fullmatch(r"s3:\w*(Object|Multipart)\w*", action)
        for resource in as_list(statement["Resource"])
        # the image's and the functions' own assets are read by the deploying roles, not by ours
    }
    roots = ("uploads", "media", "playlists", "thumbnails", "work")
    pictures = "/media/*/*/thm_*/poster.jpg"  # that `reconcile` removes
    assert {resource.rpartition(">")[2] for resource in resources} == {pictures, *(f"/{root}/*" for root in roots)}


def granted(deployment: Deployment, name: str) -> set[str]:
    role = deployment.role_of(deployment.function(name))
    return {action for statement in deployment.statements_of(role) for action in as_list(statement["Action"])}


def test_readers_cannot_write(dev: Deployment) -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "s3:PutObject", "sqs:SendMessage"}
    for name in ("authorizer", "api_playback", "classify_failure"):
        assert granted(dev, name) & writing == set(), name


def test_who_serves_viewers_writes_no_row_but_counts_of_refused_ones(dev: Deployment) -> None:
    statements = dev.statements_of(dev.role_of(dev.function("playback")))
    writing = [one for one in statements if set(as_list(one["Action"])) - {"dynamodb:GetItem", "dynamodb:Query"}]
    [update] = [one for one in writing if "dynamodb:UpdateItem" in as_list(one["Action"])]
    assert update["Action"] == "dynamodb:UpdateItem"
    assert update["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TENANT#*#ASSET#*#DENIALS"]},
    }
    assert granted(dev, "playback") & {"dynamodb:PutItem", "dynamodb:DeleteItem", "s3:PutObject"} == set()
    assert fnmatchcase(table.asset_denial("ten_1", "ast_1", "m", "r").pk, "TENANT#*#ASSET#*#DENIALS")
    others = [table.asset("ten_1", "ast_1"), table.asset_audit("ten_1", "ast_1", "a"), table.playback_lookup("p")]
    assert not any(fnmatchcase(key.pk, "TENANT#*#ASSET#*#DENIALS") for key in others)


def test_who_widens_a_lease_changes_nothing_else(dev: Deployment) -> None:
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
    assert granted(dev, "find_parts") == rows | {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_who_manages_assets_and_policies_touches_the_table_and_no_more_than_it_must(dev: Deployment) -> None:
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
    rest = {"secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents"}
    original = {"s3:GetObject", "s3:ListBucket"}
    starting = {"states:StartExecution", "states:StopExecution"}
    assert granted(dev, "api_assets") == rows | rest | original | {"dynamodb:DeleteItem", *starting}
    assert granted(dev, "api_policies") == rows | rest | {"dynamodb:DeleteItem"}


def test_who_reads_the_feed_writes_no_more_than_its_places_to_wait_in(dev: Deployment) -> None:
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"}
    rest = {"secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert granted(dev, "api_events") == rows | rest
    role = dev.role_of(dev.function("api_events"))
    assert "/index/" not in str(dev.statements_of(role))


def test_who_redrives_deliveries_may_put_rows_and_messages(dev: Deployment) -> None:
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
    rest = {"secretsmanager:GetSecretValue", "kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert granted(dev, "api_deliveries") == rows | rest | {"sqs:SendMessage"}
    role = dev.role_of(dev.function("api_deliveries"))
    [queue] = [one["Resource"] for one in dev.statements_of(role) if one["Action"] == "sqs:SendMessage"]
    assert "DeadLetters" not in str(queue) and "WebhookDelivery" in str(queue)


def test_the_api_starts_and_stops_transcodes_and_no_other_execution(dev: Deployment) -> None:
    role = dev.role_of(dev.function("api_assets"))
    by_action = {action: statement for statement in dev.statements_of(role) for action in as_list(statement["Action"])}
    [machine] = as_list(by_action["states:StartExecution"]["Resource"])
    assert "Transcode" in flat(machine) and "Fetch" not in flat(machine)
    [executions] = as_list(by_action["states:StopExecution"]["Resource"])
    assert flat(executions).endswith(":execution:sluice-dev-transcode:*")
    assert flat(by_action["s3:GetObject"]["Resource"]).endswith("/uploads/*")


def test_who_ends_uploads_may_free_their_parts(dev: Deployment) -> None:
    for name in ("api_uploads", "complete_upload", "fail_fetch", "reconcile"):
        assert {"dynamodb:UpdateItem", "s3:AbortMultipartUpload"} <= granted(dev, name), name


@pytest.mark.parametrize("name", ["fetcher", "transcoder"])
def test_tasks_cannot_touch_what_says_whose_a_key_is(dev: Deployment, name: str) -> None:
    """They handle strangers' bytes: with such a row, a key of one tenant could be made one of another."""
    statements = dev.statements_of(dev.task_role(name))
    rows = {
        effect: {
            action
            for statement in statements
            if statement["Effect"] == effect
            for action in as_list(statement["Action"])
            if action.startswith("dynamodb:")
        }
        for effect in ("Allow", "Deny")
    }
    assert rows["Allow"] == rows["Deny"] != set()
    [denied] = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert denied["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["LOOKUP#*"]}}
    assert all(key.pk.startswith("LOOKUP#") for key in (table.api_key_lookup("k"), table.playback_lookup("p")))


def test_nobody_scans_or_deletes_the_table(dev: Deployment) -> None:
    for function in dev.resources("AWS::Lambda::Function"):
        name = function.properties["FunctionName"].removeprefix("sluice-dev-")
        assert granted(dev, name) & {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:BatchWriteItem"} == set(), name


def test_only_reconcile_and_who_starts_waiting_jobs_look_at_work_across_tenants(dev: Deployment) -> None:
    may = {
        policy.properties["PolicyName"]
        for policy in dev.resources("AWS::IAM::Policy")
        if "/index/due" in str(policy.properties["PolicyDocument"])
    }
    names = ("ReconciliationReconcile", "WaitingJobsStartWaiting")
    assert [name.startswith(one) for name, one in zip(sorted(may), names, strict=True)] == [True, True]


def test_who_starts_waiting_jobs_starts_and_gives_leases_back(dev: Deployment) -> None:
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"}
    stream = {f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
    rest = {"states:StartExecution", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert granted(dev, "start_waiting") == rows | stream | rest


def test_only_the_custom_resource_writes_secrets(dev: Deployment) -> None:
    may = {
        policy.logical_id
        for policy in dev.resources("AWS::IAM::Policy")
        if "secretsmanager:PutSecretValue" in str(policy.properties["PolicyDocument"])
    }
    assert [name.startswith("SigningKeysSigningKey") for name in may] == [True]


def test_who_seals_webhook_secrets_cannot_open_them(dev: Deployment) -> None:
    kms = {"kms:GenerateDataKey", "kms:Decrypt"}
    assert granted(dev, "api_webhooks") & kms == {"kms:GenerateDataKey"}
    assert granted(dev, "deliver_webhook") & kms == {"kms:Decrypt"}
    assert granted(dev, "api_deliveries") & kms == {"kms:Decrypt"}
    functions = (one.properties["FunctionName"] for one in dev.resources("AWS::Lambda::Function"))
    holders = {name for full in functions if granted(dev, name := full.removeprefix("sluice-dev-")) & kms}
    assert holders == {"api_webhooks", "deliver_webhook", "api_deliveries"}


def test_upload_urls_are_signed_by_a_role_that_only_api_uploads_may_take(dev: Deployment) -> None:
    [role] = [
        one
        for one in dev.resources("AWS::IAM::Role")
        if one.properties.get("Description") == "Signs what is sent to uploads/"
    ]
    [trust] = role.properties["AssumeRolePolicyDocument"]["Statement"]
    signer = dev.role_of(dev.function("api_uploads"))
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": [signer.logical_id, "Arn"]}}
    assert [statement["Action"] for statement in dev.statements_of(role)] == ["s3:PutObject"]


@pytest.mark.parametrize(("machine", "family"), [("transcode", "transcoder"), ("fetch", "fetcher")])
def test_the_states_role_runs_one_task_family_on_one_cluster_and_passes_two_roles(
    dev: Deployment, machine: str, family: str
) -> None:
    role = dev.role_of_machine(machine)
    by_action = {action: statement for statement in dev.statements_of(role) for action in as_list(statement["Action"])}
    assert flat(by_action["ecs:RunTask"]["Resource"]).endswith(f":task-definition/sluice-dev-{family}:*")
    assert "ecs:cluster" in str(by_action["ecs:RunTask"]["Condition"])
    assert len(by_action["iam:PassRole"]["Resource"]) == 2
    assert by_action["iam:PassRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }
    rule = flat(by_action["events:PutRule"]["Resource"])
    assert rule.endswith(":rule/StepFunctionsGetEventsForECSTaskRule")
