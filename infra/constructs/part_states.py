"""States of `transcode` for a long job: its parts in a Map, what found no capacity in one task, then one that joins.

An iteration holds names and numbers only: pieces and results stand in the table and the bucket. Its output is empty, as
all of them together are the Map's. `chunk` tasks write their own results, so nothing is read from an answer.
"""

from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.fargate_task import FargateTask
from infra.constructs.run_task import run_task
from infra.constructs.transcode_states import ATTEMPT_LIMIT, JOB, UNCLASSIFIED
from infra.constructs.workflow import persistent

PART_LIMIT = Duration.hours(4)  # sound of twelve hours on a slow processor; a chunk takes minutes
START = {"attempt": 1, "capacity": "FARGATE_SPOT", "denied": 0}
KEPT = {**JOB, "started_at.$": "$.started_at"}
ATTEMPT = "'--attempt', States.Format('{}', $.attempt)"
WORK = "'--tenant', $.tenant_id, '--job', $.job_id, '--plan', $.plan_id"


class PartFunctions(NamedTuple):
    classify: lambda_.IFunction
    fail: lambda_.IFunction
    find: lambda_.IFunction


class PartStates:
    """`first`: the state after the task that may have cut the source."""

    def __init__(
        self,
        scope: Construct,
        task: FargateTask,
        functions: PartFunctions,
        *,
        most_at_once: int,
        done: sfn.IChainable,
        failed: sfn.IChainable,
    ) -> None:
        self._scope, self._task, self._functions = scope, task, functions
        joining = self._alone("Assemble", "assemble", done=done, failed=failed)
        left = self._alone("Left", "chunks", done=joining, failed=failed, unit="left")
        after = sfn.Choice(scope, "AnyPartsLeft")
        after.when(sfn.Condition.number_greater_than("$.work.left", 0), left).otherwise(joining)
        unknown = sfn.Pass(scope, "PartsUnclassified", parameters=UNCLASSIFIED, result_path="$.verdict")
        each = sfn.Map(
            scope,
            "Parts",
            items_path="$.work.parts",
            max_concurrency=most_at_once,
            item_selector={
                **KEPT, "plan_id.$": "$.work.plan_id", "part.$": "$$.Map.Item.Value", **START,
            },
            result_path=sfn.JsonPath.DISCARD,
        )  # fmt: skip
        each.item_processor(self._part())
        # a part that failed has ended the job already, and failing it again does nothing
        each.add_catch(unknown.next(failed), errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
        split = sfn.Choice(scope, "InParts")
        split.when(sfn.Condition.string_equals("$.work.plan_id", ""), done)
        split.otherwise(each.next(self._find("FindPartsLeft")).next(after))
        self.first = self._find("FindParts").next(split)

    def _find(self, name: str) -> tasks.LambdaInvoke:
        asked = {"tenant_id.$": "$.tenant_id", "job_id.$": "$.job_id", "attempt.$": "$.attempt"}
        return persistent(
            tasks.LambdaInvoke(
                self._scope,
                name,
                lambda_function=self._functions.find,
                payload=sfn.TaskInput.from_object(asked),
                payload_response_only=True,
                result_path="$.work",
            )
        )

    def _part(self) -> sfn.IChainable:
        ended = sfn.Pass(self._scope, "PartEnded", result=sfn.Result.from_object({}))
        failed = self._fail("FailPart").next(sfn.Fail(self._scope, "PartFailed", error="PartFailed"))
        command = f"States.Array('chunk', {WORK}, '--part', $.part, {ATTEMPT})"
        keep = {**KEPT, "plan_id.$": "$.plan_id", "part.$": "$.part"}
        return self._loop("Part", command, keep, "$.part", limit=PART_LIMIT, done=ended, failed=failed)

    def _alone(
        self, prefix: str, command: str, *, done: sfn.IChainable, failed: sfn.IChainable, unit: str | None = None
    ) -> sfn.IChainable:
        """One task for the whole job."""
        start = {**KEPT, "work.$": "$.work", "plan_id.$": "$.work.plan_id", "part": unit or command}
        keep = {**KEPT, "work.$": "$.work", "plan_id.$": "$.plan_id", "part.$": "$.part"}
        first = sfn.Pass(self._scope, f"{prefix}Init", parameters={**start, **START})
        words = f"States.Array('{command}', {WORK}, {ATTEMPT})"
        return first.next(self._loop(prefix, words, keep, "$.part", limit=ATTEMPT_LIMIT, done=done, failed=failed))

    def _loop(
        self,
        prefix: str,
        command: str,
        keep: dict[str, str],
        part: str,
        *,
        limit: Duration,
        done: sfn.IChainable,
        failed: sfn.IChainable,
    ) -> sfn.IChainable:
        """Attempts until one succeeds, capacity is given up on, or the job fails."""
        scope = self._scope
        capacity = {"CapacityProvider.$": "$.capacity"}
        run = run_task(scope, f"{prefix}Run", self._task, command=command, capacity=capacity, limit=limit)
        names = ("attempt", "capacity", "denied")
        again = sfn.Pass(
            scope, f"{prefix}Next", parameters={**keep, **{f"{name}.$": f"$.verdict.{name}" for name in names}}
        )
        wait = sfn.Wait(scope, f"{prefix}Wait", time=sfn.WaitTime.seconds_path("$.verdict.wait_s"))
        decide = sfn.Choice(scope, f"{prefix}RetryOrEnd")
        decide.when(sfn.Condition.string_equals("$.verdict.action", "retry"), wait.next(again).next(run))
        for action in ("done", "leave"):  # a part that is left is done by another task later
            decide.when(sfn.Condition.string_equals("$.verdict.action", action), done)
        decide.otherwise(failed)
        classify = self._classify(f"{prefix}Classify", part)
        unknown = sfn.Pass(scope, f"{prefix}Unclassified", parameters=UNCLASSIFIED, result_path="$.verdict")
        classify.add_catch(unknown.next(failed), errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
        run.add_catch(classify.next(decide), errors=["States.ALL"], result_path="$.failure")
        return run.next(done)

    def _classify(self, name: str, part: str) -> tasks.LambdaInvoke:
        told = {
            "tenant_id.$": "$.tenant_id",
            "job_id.$": "$.job_id",
            "attempt.$": "$.attempt",
            "capacity.$": "$.capacity",
            "error.$": "$.failure.Error",
            "cause.$": "$.failure.Cause",
            "started_at.$": "$.started_at",
            "unit.$": f"States.Format('{{}}#{{}}', $.plan_id, {part})",
            "denied.$": "$.denied",
        }
        return persistent(
            tasks.LambdaInvoke(
                self._scope,
                name,
                lambda_function=self._functions.classify,
                payload=sfn.TaskInput.from_object(told),
                payload_response_only=True,
                result_path="$.verdict",
            )
        )

    def _fail(self, name: str) -> tasks.LambdaInvoke:
        told = {**JOB, "attempt.$": "$.attempt", "error.$": "$.verdict.error"}
        return persistent(
            tasks.LambdaInvoke(
                self._scope,
                name,
                lambda_function=self._functions.fail,
                payload=sfn.TaskInput.from_object(told),
                payload_response_only=True,
                result_path=sfn.JsonPath.DISCARD,
            )
        )
