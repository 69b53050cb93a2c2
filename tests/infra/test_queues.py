"""Nothing can fall out of a queue unseen."""

import json
from typing import Any

from sluice import table
from sluice.domain.endpoint_health import TENANT_IN_FLIGHT
from tests.infra.deployment import Deployment, Resource, flat

QUEUE = "AWS::SQS::Queue"
MAPPING = "AWS::Lambda::EventSourceMapping"


def dead_letter_queues(dev: Deployment) -> list[Resource]:
    return [queue for queue in dev.resources(QUEUE) if "DeadLetters" in queue.logical_id]


def test_every_queue_is_one_or_has_one(dev: Deployment) -> None:
    dead = {queue.logical_id for queue in dead_letter_queues(dev)}
    assert len(dead) == 6
    for queue in dev.resources(QUEUE):
        if queue.logical_id not in dead:
            target = queue.properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            assert target in dead, queue.name


def test_every_dead_letter_queue_has_an_alarm_that_reaches_the_topic(dev: Deployment) -> None:
    topic = dev.only("AWS::SNS::Topic")
    watched = set[str]()
    for alarm in dev.resources("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"] == [{"Ref": topic.logical_id}], alarm.name
        for dimension in alarm.properties["Dimensions"]:
            if dimension["Name"] == "QueueName":
                assert alarm.properties["Threshold"] == 1, alarm.name
                watched.add(flat(dimension["Value"]))
    for queue in dead_letter_queues(dev):
        assert [name for name in watched if queue.logical_id in name], queue.name


def test_alarms_of_this_account_may_publish_to_the_topic(dev: Deployment) -> None:
    """A topic policy replaces SNS's own, by which the topic's account could publish."""
    topic = dev.only("AWS::SNS::Topic")
    policy = dev.only("AWS::SNS::TopicPolicy").properties
    assert policy["Topics"] == [{"Ref": topic.logical_id}]
    [allowed] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sns:Publish", {"Ref": topic.logical_id})
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_messages_are_kept_for_two_weeks_and_encrypted(dev: Deployment) -> None:
    for queue in dev.resources(QUEUE):
        assert queue.properties["MessageRetentionPeriod"] == 1_209_600, queue.name
        assert queue.properties["SqsManagedSseEnabled"] is True, queue.name


def test_consumers_of_queues_report_single_failures_and_are_bounded(dev: Deployment) -> None:
    mappings = [one for one in dev.resources(MAPPING) if "ScalingConfig" in one.properties]
    assert len(mappings) == 3
    functions = {one.logical_id: one for one in dev.resources("AWS::Lambda::Function")}
    queues = {one.logical_id: one for one in dev.resources(QUEUE)}
    for mapping in mappings:
        settings = mapping.properties
        assert settings["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping.name
        assert settings["BatchSize"] <= 10, mapping.name
        assert settings["ScalingConfig"]["MaximumConcurrency"] >= 2, mapping.name
        timeout = functions[settings["FunctionName"]["Ref"]].properties["Timeout"]
        visibility = queues[settings["EventSourceArn"]["Fn::GetAtt"][0]].properties["VisibilityTimeout"]
        assert visibility >= 6 * timeout, mapping.name


def test_one_tenant_takes_half_of_the_senders_at_most(dev: Deployment) -> None:
    """Even when each of its attempts is alone in its batch."""
    [mapping] = [one for one in dev.resources(MAPPING) if _consumer(dev, one) == "sluice-dev-deliver_webhook"]
    assert mapping.properties["ScalingConfig"]["MaximumConcurrency"] == 2 * TENANT_IN_FLIGHT


def _consumer(deployment: Deployment, mapping: Resource) -> str:
    functions = {one.logical_id: one for one in deployment.resources("AWS::Lambda::Function")}
    return str(functions[mapping.properties["FunctionName"]["Ref"]].properties["FunctionName"])


def test_a_delivery_attempt_fits_into_its_function(dev: Deployment) -> None:
    """An endpoint may take 15 s; the function must outlive it."""
    function = dev.function("deliver_webhook")
    assert function.properties["Timeout"] > 15 + 10


def reader_of_the_stream(dev: Deployment, name: str) -> dict[str, Any]:
    readers = [one.properties for one in dev.resources(MAPPING) if "StartingPosition" in one.properties]
    assert len(readers) == 2  # more than two for each shard are throttled
    [settings] = [one for one in readers if name in flat(one["FunctionName"])]
    return settings


def test_event_rows_and_only_those_leave_the_stream(dev: Deployment) -> None:
    settings = reader_of_the_stream(dev, "DispatchEvents")
    assert settings["FilterCriteria"]["Filters"] == [
        {"Pattern": '{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"EVENT#"}]}}}}'}
    ]
    assert settings["StartingPosition"] == "TRIM_HORIZON"  # LATEST would lose what a deployment overlaps
    assert settings["BisectBatchOnFunctionError"] is True
    assert settings["MaximumRetryAttempts"] == 5
    assert settings["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "DeadLetters" in flat(settings["DestinationConfig"]["OnFailure"]["Destination"])


def test_objects_in_the_uploads_bucket_reach_the_queue(dev: Deployment) -> None:
    [rule] = [
        one
        for one in dev.resources("AWS::Events::Rule")
        if "EventPattern" in one.properties and "ObjectIntake" in one.logical_id
    ]
    pattern = rule.properties["EventPattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "uploads/"}]}
    assert "Uploads" in flat(pattern["detail"]["bucket"]["name"][0])
    [target] = rule.properties["Targets"]
    assert "ObjectIntakeWorkQueue" in flat(target["Arn"])
    assert "DeadLetters" in flat(target["DeadLetterConfig"]["Arn"])


def test_reconcile_runs_every_minute_and_what_fails_is_kept(dev: Deployment) -> None:
    [rule] = [one for one in dev.resources("AWS::Events::Rule") if "ScheduleExpression" in one.properties]
    assert rule.properties["ScheduleExpression"] == "rate(1 minute)"
    [target] = rule.properties["Targets"]
    assert "DeadLetters" in flat(target["DeadLetterConfig"]["Arn"])
    invoke = dev.asynchronous("reconcile")
    assert invoke["MaximumRetryAttempts"] == 0
    assert "DeadLetters" in flat(invoke["DestinationConfig"]["OnFailure"]["Destination"])


def test_leases_that_change_or_go_start_who_waits(dev: Deployment) -> None:
    source = reader_of_the_stream(dev, "StartWaiting")
    [wanted] = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    assert wanted == {
        "eventName": ["REMOVE", "MODIFY"],
        "dynamodb": {"Keys": {"pk": {"S": ["LEASES"]}, "sk": {"S": [{"prefix": "JOB#"}]}}},
    }
    book, held = table.lease_book(), table.lease("job_x")
    assert (held.pk, book.pk) == ("LEASES", "LEASES")
    assert held.sk.startswith("JOB#") and not book.sk.startswith("JOB#")
    assert (source["MaximumRetryAttempts"], source["MaximumRecordAgeInSeconds"]) == (2, 60)
