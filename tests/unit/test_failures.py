import json
from datetime import timedelta
from typing import Any

import pytest

from sluice.domain.errors import ErrorClass
from sluice.domain.models import ErrorInfo, JobResult
from sluice.domain.states import AssetState, JobState
from sluice.service.failures import (
    MOST_DENIED,
    SPOT,
    Failure,
    Verdict,
    classify_failure,
    fail_transcode,
    provider_error,
)
from tests.unit.world import World

NOT_VIDEO = ErrorInfo(
    code="input.not_video", error_class=ErrorClass.INPUT, retryable=False, message="This is not a video."
)


def ecs_task(exit_code: int | None, stop_code: str = "EssentialContainerExited") -> str:
    container: dict[str, Any] = {"Name": "transcoder"}
    if exit_code is not None:
        container["ExitCode"] = exit_code
    return json.dumps({"StopCode": stop_code, "Containers": [container]})


def out_of_memory() -> str:
    reason = "OutOfMemoryError: Container killed due to memory usage"
    return json.dumps({"StopCode": "EssentialContainerExited", "Containers": [{"ExitCode": 137, "Reason": reason}]})


def not_started(reason: str) -> str:
    return json.dumps({"StopCode": "TaskFailedToStart", "StoppedReason": reason, "Containers": [{"Name": "t"}]})


def classified(failure: Failure, world: World) -> Verdict:
    waits = {"fault_wait_s": 10, "capacity_wait_s": 60}
    return classify_failure(failure, records=world.records, now=world.now, max_attempts=3, **waits)


def verdict(
    world: World,
    *,
    attempt: int = 1,
    capacity: str = "FARGATE_SPOT",
    error: str = "States.TaskFailed",
    cause: str = "{}",
    age: timedelta = timedelta(minutes=1),
    job_id: str = "job_x",
) -> Verdict:
    failure = Failure(world.caller.tenant_id, job_id, attempt, capacity, error, cause, started_at=world.now() - age)
    return classified(failure, world)


def test_a_fault_is_tried_again_and_the_last_time_on_demand() -> None:
    world = World()
    first = verdict(world, cause=ecs_task(1))
    assert (first.action, first.attempt, first.capacity, first.wait_s) == ("retry", 2, "FARGATE_SPOT", 10)
    second = verdict(world, attempt=2, cause=ecs_task(1))
    assert (second.action, second.attempt, second.capacity) == ("retry", 3, "FARGATE")
    third = verdict(world, attempt=3, capacity="FARGATE", cause=ecs_task(1))
    assert third.action == "fail" and third.error is not None
    assert (third.error.code, third.error.error_class) == ("provider.task_failed", ErrorClass.PROVIDER)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("States.TaskFailed", ecs_task(143, "SpotInterruption")),
        ("States.TaskFailed", ecs_task(None, "TerminationNotice")),
        ("ECS.AmazonECSException", '{"Failures":[{"Reason":"RESOURCE:CPU"}]}'),
        ("ECS.AmazonECSException", '{"Failures":[{"Reason":"Capacity is unavailable at this time."}]}'),
        ("ECS.ThrottlingException", "Rate exceeded"),
        ("States.TaskFailed", not_started("Capacity is unavailable at this time. Please try again later")),
    ],
)
def test_lost_capacity_consumes_no_attempt_until_the_total_deadline(error: str, cause: str) -> None:
    world = World()
    again = verdict(world, attempt=2, error=error, cause=cause)
    assert (again.action, again.attempt, again.capacity) == ("retry", 2, "FARGATE")
    late = verdict(world, attempt=2, error=error, cause=cause, age=timedelta(hours=25))
    assert late.action == "fail"


def test_the_tasks_own_word_comes_first() -> None:
    world = World()
    result = {"tenant_id": world.caller.tenant_id, "job_id": "job_x", "attempt": 1, "created_at": world.now()}
    world.records.save_result(JobResult(**result, outcome="failed", error=NOT_VIDEO))
    assert verdict(world, cause=ecs_task(137)) == Verdict("fail", 1, "FARGATE_SPOT", 0, NOT_VIDEO)
    world.records.save_result(JobResult(**result, outcome="interrupted"))
    assert verdict(world, cause=ecs_task(143)).attempt == 1
    world.records.save_result(JobResult(**result, outcome="succeeded"))
    assert verdict(world, cause=ecs_task(137)).action == "done"


def test_an_old_interruption_does_not_excuse_a_run_that_never_began_its_work() -> None:
    world = World()
    result = {"tenant_id": world.caller.tenant_id, "job_id": "job_x", "attempt": 1, "created_at": world.now()}
    world.records.save_result(JobResult(**result, outcome="interrupted"))
    assert verdict(world, error="ECS.AccessDeniedException", cause="User is not authorized").attempt == 2
    assert [verdict(world, cause=ecs_task(code)).attempt for code in (1, 20, 143)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("error", "cause", "code"),
    [
        ("States.Timeout", "", "provider.timeout"),
        ("States.TaskFailed", ecs_task(137), "provider.killed"),
        ("States.TaskFailed", out_of_memory(), "provider.out_of_memory"),
        ("States.TaskFailed", ecs_task(None), "provider.lost"),
        ("ECS.AmazonECSException", '{"Failures": [{"Reason": "MISSING"}], "Tasks": []}', "provider.not_started"),
        ("States.TaskFailed", ecs_task(None, "TaskFailedToStart"), "provider.not_started"),
        ("States.TaskFailed", "not json", "provider.task_failed"),
        ("ECS.AccessDeniedException", "User is not authorized", "provider.task_failed"),
    ],
)
def test_an_end_without_a_word_is_typed_by_its_description(error: str, cause: str, code: str) -> None:
    ended = verdict(World(), attempt=3, error=error, cause=cause)
    assert ended.action == "fail" and ended.error is not None and ended.error.code == code


def part_verdict(world: World, *, unit: str, denied: int, error: str, cause: str = "{}") -> Verdict:
    failure = Failure(world.caller.tenant_id, "job_x", 1, SPOT, error, cause, world.now(), unit=unit, denied=denied)
    return classified(failure, world)


def test_a_part_without_capacity_is_left_to_one_task_after_some_tries() -> None:
    world = World()
    refused = {"error": "ECS.AmazonECSException", "cause": '{"Failures":[{"Reason":"RESOURCE:CPU"}]}'}
    again = part_verdict(world, unit="pln_x#3", denied=MOST_DENIED - 2, **refused)
    assert (again.action, again.attempt, again.denied) == ("retry", 1, MOST_DENIED - 1)
    assert part_verdict(world, unit="pln_x#3", denied=again.denied, **refused).action == "leave"
    for alone in ("", "pln_x#left", "pln_x#assemble"):  # nobody else could do these
        assert part_verdict(world, unit=alone, denied=again.denied, **refused).action == "retry"


def test_whoever_finds_no_capacity_again_waits_longer() -> None:
    refused = {"error": "ECS.AmazonECSException", "cause": '{"Failures":[{"Reason":"RESOURCE:CPU"}]}'}
    waits = [part_verdict(World(), unit="", denied=denied, **refused).wait_s for denied in (0, 1, 2, 3, 4, 100)]
    assert waits == [60, 120, 240, 480, 900, 900]


def test_a_part_that_ran_and_lost_its_capacity_is_not_left() -> None:
    taken = {"error": "States.TaskFailed", "cause": ecs_task(143, "SpotInterruption")}
    again = part_verdict(World(), unit="pln_x#3", denied=MOST_DENIED - 1, **taken)
    assert (again.action, again.denied) == ("retry", 0)


def test_a_part_s_own_word_is_read() -> None:
    world = World()
    result = {"tenant_id": world.caller.tenant_id, "job_id": "job_x", "attempt": 1, "created_at": world.now()}
    world.records.save_result(JobResult(**result, outcome="failed", error=NOT_VIDEO, unit="pln_x#3"))
    world.records.save_result(JobResult(**result, outcome="chunked", plan_id="pln_x"))
    failed = {"error": "States.TaskFailed", "cause": ecs_task(143)}
    assert part_verdict(world, unit="pln_x#3", denied=0, **failed).error == NOT_VIDEO
    assert part_verdict(world, unit="", denied=0, **failed).action == "done"
    assert part_verdict(world, unit="pln_x#4", denied=0, **failed).action == "retry"


def fail(world: World, job_id: str, error: ErrorInfo = NOT_VIDEO) -> None:
    fail_transcode(
        tenant_id=world.caller.tenant_id,
        job_id=job_id,
        error=error,
        environment="dev",
        records=world.records,
        new_id=world.new_id,
        now=world.now,
    )


def test_failing_ends_job_and_asset_and_tells_it_once() -> None:
    world = World()
    upload, asset, job = world.uploaded()
    fail(world, job.id)
    fail(world, job.id, provider_error("provider.late", "too late"))
    failed = world.asset_of(upload)
    assert failed.state is AssetState.FAILED and failed.error == NOT_VIDEO
    assert world.event_types(asset.id).count("error.processing") == 1
    stored = world.records.job(job.tenant_id, job.id)
    assert stored is not None and stored.state is JobState.FAILED and stored.finished_at == world.now()
    data = json.loads(world.records.events(asset.tenant_id, asset.id)[-1].body)["data"]
    assert data["error"] == {
        "code": "input.not_video",
        "class": "input",
        "retryable": False,
        "message": "This is not a video.",
    }


def test_failing_a_deleted_asset_ends_only_the_job() -> None:
    world = World()
    upload, asset, job = world.uploaded()
    gone = world.asset_of(upload).model_copy(update={"state": AssetState.DELETED})
    world.records.rows[next(k for k, v in world.records.rows.items() if v == asset)] = gone
    fail(world, job.id)
    assert world.asset_of(upload) == gone
    stored = world.records.job(job.tenant_id, job.id)
    assert stored is not None and stored.state is JobState.FAILED


def test_an_unknown_job_is_nothing() -> None:
    world = World()
    fail(world, "job_" + "0" * 26)
    assert not world.records.rows
