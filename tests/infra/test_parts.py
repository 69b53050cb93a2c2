"""The states of a long job's parts, and the limits of Step Functions that they stay within."""

import json
from dataclasses import fields
from typing import Any, get_args

import pytest

from functions.find_parts.handler import answer
from functions.transcoder.main import parse
from infra.config import MOST_CHUNK_TASKS
from sluice.adapters.items import CHUNK_LIFE
from sluice.config import ClassifyFailureSettings, FindPartsSettings
from sluice.domain.task_sizes import TaskSize
from sluice.media.chunks import MAX_CHUNKS
from sluice.service.failures import MOST_DENIED, TOTAL_DEADLINE, Failure, doubled
from sluice.service.part_rounds import Action, PartTask, Round
from tests.infra.asl import attempts_of, definition_of, state
from tests.infra.deployment import Deployment
from tests.infra.test_workflow import MARGIN_S

MOST_EVENTS = 25_000  # of an execution; https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_ITEMS = 1_000
MOST_OUTPUT_BYTES = 256 << 10
FAILURES = 2  # of every part, which is what a job survives
WELL = 3  # events of an iteration, beside its states
OTHERS = 1_000  # events, of the states around the parts
IN_TURN = int(FindPartsSettings.model_fields["parts_in_turn"].default)
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


@pytest.fixture(scope="module")
def again(part: dict[str, Any]) -> int:
    """Events of one more attempt at a part."""
    return events(part, "PartRun", "PartClassify", "PartRetryOrEnd", "PartWait", "PartNext")


def test_the_width_of_the_map_comes_from_its_round(dev: Deployment, definition: dict[str, Any]) -> None:
    each = state(definition, "Parts")
    assert (each["ItemsPath"], each["MaxConcurrencyPath"]) == ("$.work.tasks", "$.work.width")
    assert "MaxConcurrency" not in each
    assert each["ItemProcessor"]["ProcessorConfig"]["Mode"] == "INLINE"
    widest = dev.function("find_parts").properties["Environment"]["Variables"]["SLUICE_CHUNK_TASKS"]
    assert 0 < int(widest) <= MOST_CHUNK_TASKS <= 40


def test_a_film_stays_within_the_events_of_an_execution(part: dict[str, Any], again: int) -> None:
    parts, rounds = MAX_CHUNKS + 1, -(-(MAX_CHUNKS + 1) // IN_TURN)  # as many as with one task at once
    well = WELL + events(part, "PartRun", "PartEnded")
    between = rounds * (EVENTS["Task"] + EVENTS["Choice"] + 4)  # the Map's own four
    assert parts <= MOST_ITEMS
    assert parts * (well + FAILURES * again) + between + OTHERS < MOST_EVENTS
    # No capacity for any part: half as many at once in each round, then one task can still do them all.
    denied = WELL + (MOST_DENIED - 1) * again + events(part, "PartRun", "PartClassify", "PartRetryOrEnd", "PartEnded")
    widths = [MOST_CHUNK_TASKS >> times for times in range(MOST_CHUNK_TASKS.bit_length())]
    assert widths[-1] == 1
    in_vain = sum(width * IN_TURN * denied for width in widths)
    assert parts * well + in_vain + between + OTHERS < MOST_EVENTS


def test_waiting_a_day_for_capacity_stays_within_them_as_well(part: dict[str, Any], again: int) -> None:
    first_s = ClassifyFailureSettings.model_fields["capacity_wait_s"].default
    waits, waited = [], 0
    while waited < TOTAL_DEADLINE.total_seconds():
        waits.append(doubled(first_s, len(waits) + 1))
        waited += waits[-1]
    assert waits[:6] == [60, 120, 240, 480, 900, 900]
    assert len(waits) * again + OTHERS < MOST_EVENTS / 2


def test_all_parts_together_return_next_to_nothing(definition: dict[str, Any], part: dict[str, Any]) -> None:
    assert part["States"]["PartEnded"]["Result"] == {}
    assert part["States"]["PartEnded"]["End"] is True
    assert state(definition, "Parts")["ResultPath"] is None
    runs = [part["States"]["PartRun"], *(state(definition, name) for name in ("LeftRun", "AssembleRun"))]
    assert [run["ResultPath"] for run in runs] == [None] * 3
    size = TaskSize(cpu=4096, memory_mib=30_720, storage_gib=200)
    tasks = tuple(PartTask(str(number), size) for number in range(MOST_CHUNK_TASKS * IN_TURN))
    told = answer(Round("parts", "pln_" + "0" * 26, tuple(str(number) for number in range(MAX_CHUNKS)), tasks))
    assert len(json.dumps(told)) + 1_000 < MOST_OUTPUT_BYTES


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


def test_each_action_of_a_round_has_its_way(definition: dict[str, Any]) -> None:
    assert state(definition, "RunTask")["Next"] == "FindParts"
    for find in ("FindParts", "FindPartsLeft"):
        assert (state(definition, find)["ResultPath"], state(definition, find)["Next"]) == ("$.work", "InParts")
        [catch] = state(definition, find)["Catch"]
        assert (catch["ErrorEquals"], state(definition, catch["Next"])["Next"]) == (["States.ALL"], "FailTranscode")
    work = state(definition, "InParts")
    ways = {choice["StringEquals"]: choice["Next"] for choice in work["Choices"]}
    assert {choice["Variable"] for choice in work["Choices"]} == {"$.work.action"}
    assert ways == {"over": "Done", "parts": "Parts", "left": "LeftInit", "assemble": "AssembleInit"}
    assert {*ways, "late"} == set(get_args(Action))
    late = state(definition, work["Default"])
    assert (late["Parameters"], late["ResultPath"]) == ({"error.$": "$.work.error"}, "$.verdict")
    assert late["Next"] == "FailTranscode"
    assert [state(definition, one)["Next"] for one in ("Parts", "LeftRun")] == ["FindPartsLeft"] * 2
    assert state(definition, "AssembleRun")["Next"] == "Done"


def test_each_round_knows_of_the_one_before(definition: dict[str, Any]) -> None:
    first, later = (state(definition, name)["Parameters"] for name in ("FindParts", "FindPartsLeft"))
    assert later.keys() - first.keys() == {"before.$"}
    assert (first["attempt.$"], later["attempt.$"]) == ("$.attempt", "$.work.attempt")  # of the job, not of one task
    assert {"attempt", *(path.rpartition(".")[2] for path in later.values())} - {"tenant_id", "job_id"} == {
        "attempt", "started_at", "before",
    }  # fmt: skip


def test_each_task_is_as_large_as_its_round_says(definition: dict[str, Any], part: dict[str, Any]) -> None:
    size = {
        "Cpu.$": "$.size.cpu",
        "Memory.$": "$.size.memory",
        "EphemeralStorage": {"SizeInGiB.$": "$.size.storage_gib"},
    }
    runs = [part["States"]["PartRun"], *(state(definition, name) for name in ("LeftRun", "AssembleRun"))]
    for run in runs:
        assert run["Parameters"]["Overrides"].items() >= size.items()
    assert state(definition, "Parts")["ItemSelector"]["size.$"] == "$$.Map.Item.Value.size"
    again = [part["States"]["PartNext"], *(state(definition, name) for name in ("LeftNext", "AssembleNext"))]
    assert [one["Parameters"]["size.$"] for one in again] == ["$.size"] * 3
    begin = [state(definition, name)["Parameters"]["size.$"] for name in ("LeftInit", "AssembleInit")]
    assert begin == ["$.work.size"] * 2
    known = answer(Round("assemble", "pln_x", size=TaskSize(cpu=2048, memory_mib=8192, storage_gib=21)))
    assert known["size"] == {"cpu": "2048", "memory": "8192", "storage_gib": 21}


def test_all_that_may_follow_the_deadline_ends_before_the_execution_does(dev: Deployment) -> None:
    """Just before it may begin: an attempt, a round of parts, or all that are left; then they are joined."""
    whole = definition_of(dev, "transcode")
    definition = attempts_of(whole)
    part_s = state(definition, "Parts")["ItemProcessor"]["States"]["PartRun"]["TimeoutSeconds"]
    attempt_s, left_s, joining_s = (
        state(definition, name)["TimeoutSeconds"] for name in ("RunTask", "LeftRun", "AssembleRun")
    )
    round_s = (IN_TURN + 1) * part_s  # of IN_TURN parts for each lane the last begins when the others have filled them
    longest_s = TOTAL_DEADLINE.total_seconds() + max(attempt_s, round_s, left_s) + joining_s
    assert longest_s + MARGIN_S <= whole["TimeoutSeconds"] <= longest_s + 3_600
    [rule] = [rule for rule in lifecycles(dev) if rule.get("Prefix") == "work/"]
    assert whole["TimeoutSeconds"] < rule["ExpirationInDays"] * 86_400  # what tasks leave for each other is still there
    assert whole["TimeoutSeconds"] < CHUNK_LIFE.total_seconds()


def lifecycles(dev: Deployment) -> list[dict[str, Any]]:
    return [
        rule
        for bucket in dev.resources("AWS::S3::Bucket")
        for rule in bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
    ]


def test_what_tasks_leave_for_each_other_is_theirs_alone_and_goes_by_itself(dev: Deployment) -> None:
    [rule] = [rule for rule in lifecycles(dev) if rule.get("Prefix") == "work/"]
    assert (rule["ExpirationInDays"], rule["Status"]) == (3, "Enabled")
    policies = [str(one.properties["PolicyDocument"]) for one in dev.resources("AWS::S3::BucketPolicy")]
    assert not any("/work" in policy for policy in policies)
    granted = dev.resources("AWS::IAM::Policy")
    writers = [policy.logical_id for policy in granted if f"/{rule['Prefix']}" in str(policy.properties)]
    assert [name.startswith("Transcoder") for name in writers] == [True]
