"""The states of a long job's parts, and the limits of Step Functions that they stay within."""

from dataclasses import fields
from typing import Any

import pytest

from functions.transcoder.main import parse
from infra.config import MOST_CHUNK_TASKS
from sluice.media.chunks import MAX_CHUNKS
from sluice.service.failures import MOST_DENIED, Failure
from tests.infra.asl import attempts_of, definition_of, state
from tests.infra.deployment import Deployment

MOST_EVENTS = 25_000  # of an execution; https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_ITEMS = 1_000
MOST_OUTPUT_BYTES = 256 << 10
FAILURES = 2  # of every part, which is what a job survives
# What AWS writes down: entering and leaving a state, and a task's own steps beside.
EVENTS = {"Pass": 2, "Choice": 2, "Wait": 2, "Task": 6, "Fail": 1}


@pytest.fixture(scope="module")
def definition(dev: Deployment) -> dict[str, Any]:
    return attempts_of(definition_of(dev, "transcode"))


@pytest.fixture(scope="module")
def part(definition: dict[str, Any]) -> dict[str, Any]:
    """The states of one part."""
    return dict(state(definition, "Parts")["ItemProcessor"])


def events(part: dict[str, Any], *names: str) -> int:
    return sum(EVENTS[part["States"][name]["Type"]] for name in names)


def test_the_map_stays_within_the_limits_of_step_functions(definition: dict[str, Any], part: dict[str, Any]) -> None:
    each = state(definition, "Parts")
    assert 0 < each["MaxConcurrency"] <= MOST_CHUNK_TASKS <= 40
    assert part["ProcessorConfig"]["Mode"] == "INLINE"
    well = 3 + events(part, "PartRun", "PartEnded")  # an iteration's start and end beside
    again = events(part, "PartRun", "PartClassify", "PartRetryOrEnd", "PartWait", "PartNext")
    parts = MAX_CHUNKS + 1
    assert parts <= MOST_ITEMS
    assert parts * (well + FAILURES * again) + 1_000 < MOST_EVENTS
    given_up = 3 + (MOST_DENIED - 1) * again + events(part, "PartRun", "PartClassify", "PartRetryOrEnd", "PartEnded")
    assert parts * given_up + 1_000 < MOST_EVENTS  # no capacity for any of them: one task can still do them all


def test_all_parts_together_return_next_to_nothing(definition: dict[str, Any], part: dict[str, Any]) -> None:
    assert part["States"]["PartEnded"]["Result"] == {}
    assert part["States"]["PartEnded"]["End"] is True
    assert state(definition, "Parts")["ResultPath"] is None
    runs = [part["States"]["PartRun"], *(state(definition, name) for name in ("LeftRun", "AssembleRun"))]
    assert [run["ResultPath"] for run in runs] == [None] * 3
    names = [str(number) for number in range(MAX_CHUNKS)]
    assert len(str(names)) + 1_000 < MOST_OUTPUT_BYTES


@pytest.mark.parametrize("name", ["PartRun", "LeftRun", "AssembleRun"])
def test_each_task_understands_its_command(definition: dict[str, Any], part: dict[str, Any], name: str) -> None:
    run = part["States"].get(name) or state(definition, name)
    [override] = run["Parameters"]["Overrides"]["ContainerOverrides"]
    text = override["Command.$"].replace("States.Format('{}', $.attempt)", "2")
    wanted = parse([word.strip(" '") for word in text.removeprefix("States.Array(").removesuffix(")").split(",")])
    assert wanted.command == {"PartRun": "chunk", "LeftRun": "chunks", "AssembleRun": "assemble"}[name]
    assert (wanted.plan, wanted.attempt) == ("$.plan_id", 2)


def test_each_failure_is_told_in_full(definition: dict[str, Any], part: dict[str, Any]) -> None:
    known = {field.name for field in fields(Failure)}
    for run, classify, states in (
        ("PartRun", "PartClassify", part["States"]),
        ("LeftRun", "LeftClassify", definition["States"]),
        ("AssembleRun", "AssembleClassify", definition["States"]),
    ):
        [catch] = states[run]["Catch"]
        assert catch == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": classify}
        told = states[classify]["Parameters"]
        assert {name.removesuffix(".$") for name in told} == known
        assert told["unit.$"] == "States.Format('{}#{}', $.plan_id, $.part)"


def test_a_part_that_found_no_capacity_is_left_and_one_that_failed_ends_the_job(
    definition: dict[str, Any], part: dict[str, Any]
) -> None:
    decide = part["States"]["PartRetryOrEnd"]
    ways = {choice["StringEquals"]: choice["Next"] for choice in decide["Choices"]}
    assert ways == {"retry": "PartWait", "done": "PartEnded", "leave": "PartEnded"}
    assert decide["Default"] == "FailPart"
    [catch] = state(definition, "Parts")["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert state(definition, catch["Next"])["Next"] == "FailTranscode"


def test_what_is_left_is_done_by_one_task_before_all_is_joined(definition: dict[str, Any]) -> None:
    assert state(definition, "RunTask")["Next"] == "FindParts"
    assert state(definition, "Parts")["Next"] == "FindPartsLeft"
    choice = state(definition, "AnyPartsLeft")
    assert (choice["Choices"][0]["Next"], choice["Default"]) == ("LeftInit", "AssembleInit")
    assert state(definition, "LeftRun")["Next"] == "AssembleInit"
    assert state(definition, "AssembleRun")["Next"] == "Done"


def test_what_tasks_leave_for_each_other_is_theirs_alone_and_goes_by_itself(dev: Deployment) -> None:
    [rule] = [
        rule
        for bucket in dev.resources("AWS::S3::Bucket")
        for rule in bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
        if rule.get("Prefix") == "work/"
    ]
    assert (rule["ExpirationInDays"], rule["Status"]) == (3, "Enabled")
    policies = [str(one.properties["PolicyDocument"]) for one in dev.resources("AWS::S3::BucketPolicy")]
    assert not any("/work" in policy for policy in policies)
    writers = [one.logical_id for one in dev.resources("AWS::IAM::Policy") if "/work/" in str(one.properties)]
    assert [name.startswith("Transcoder") for name in writers] == [True]
