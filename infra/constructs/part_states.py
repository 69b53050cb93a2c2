"""States of `transcode` for a long job: rounds of parts in a Map, what found no capacity in one task, one that joins.

`find_parts` says before each what it is, with how many tasks at once and of what size. An iteration holds names and
numbers only: pieces and results stand in the table and the bucket. Its output is empty, as all of them together are the
Map's. `chunk` tasks write their own results, so nothing is read from an answer.
"""

from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.fargate_task import FargateTask
from infra.constructs.run_task import run_task
from infra.constructs.transcode_states import ATTEMPT_LIMIT, JOB, START, UNCLASSIFIED
from infra.constructs.workflow import persistent
from sluice.config import FindPartsSettings

PART_LIMIT = Duration.hours(4)  # sound of twelve hours on a slow processor; a chunk takes minutes
PARTS_IN_TURN = int(FindPartsSettings.model_fields["parts_in_turn"].default)  # of a round, for each task at once
# The longest that may begin just before a job's deadline, when another attempt at anything is no longer allowed. A
# round's last part begins when all others are done, at the latest.
ROUND_LIMIT = Duration.seconds(PART_LIMIT.to_seconds() * (PARTS_IN_TURN + 1))
AFTER_DEADLINE = Duration.seconds(
    max(ROUND_LIMIT.to_seconds(), ATTEMPT_LIMIT.to_seconds()) + ATTEMPT_LIMIT.to_seconds()
)
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
        done: sfn.IChainable,
        failed: sfn.IChainable,
    ) -> None:
        self._scope, self._task, self._functions = scope, task, functions
        unknown = sfn.Pass(scope, "PartsUnclassified", parameters=UNCLASSIFIED, result_path="$.verdict")
        self._unknown = unknown.next(failed)
        again = self._find("FindPartsLeft", {"attempt.$": "$.work.attempt", "before.$": "$.work.before"})
        late = sfn.Pass(scope, "TooLate", parameters={"error.$": "$.work.error"}, result_path="$.verdict")
        work = sfn.Choice(scope, "InParts")
        for action, state in (
            ("over", done),
            ("parts", self._round(then=again)),
            ("left", self._alone("Left", "chunks", done=again, failed=failed, unit="left")),
            ("assemble", self._alone("Assemble", "assemble", done=done, failed=failed)),
        ):
            work.when(sfn.Condition.string_equals("$.work.action", action), state)
        work.otherwise(late.next(failed))
        again.next(work)
        self.first = self._find("FindParts", {"attempt.$": "$.attempt"}).next(work)

    def _round(self, *, then: sfn.IChainable) -> sfn.IChainable:
        item = "$$.Map.Item.Value"
        each = sfn.Map(
            self._scope,
            "Parts",
            items_path="$.work.tasks",
            max_concurrency_path="$.work.width",
            item_selector={
                **KEPT, "plan_id.$": "$.work.plan_id", "part.$": f"{item}.part", "size.$": f"{item}.size", **START,
            },
            result_path=sfn.JsonPath.DISCARD,
        )  # fmt: skip
        each.item_processor(self._part())
        # a part that failed has ended the job already, and failing it again does nothing
        each.add_catch(self._unknown, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
        return each.next(then)

    def _find(self, name: str, more: dict[str, str]) -> tasks.LambdaInvoke:
        named = ("tenant_id", "job_id", "started_at")
        asked = {**{f"{name}.$": f"$.{name}" for name in named}, **more}
        find = persistent(
            tasks.LambdaInvoke(
                self._scope,
                name,
                lambda_function=self._functions.find,
                payload=sfn.TaskInput.from_object(asked),
                payload_response_only=True,
                result_path="$.work",
            )
        )
        find.add_catch(self._unknown, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
        return find

    def _part(self) -> sfn.IChainable:
        ended = sfn.Pass(self._scope, "PartEnded", result=sfn.Result.from_object({}))
        failed = self._fail("FailPart").next(sfn.Fail(self._scope, "PartFailed", error="PartFailed"))
        command = f"States.Array('chunk', {WORK}, '--part', $.part, {ATTEMPT})"
        keep = {**KEPT, "plan_id.$": "$.plan_id", "part.$": "$.part", "size.$": "$.size"}
        return self._loop("Part", command, keep, "$.part", limit=PART_LIMIT, done=ended, failed=failed)

    def _alone(
        self, prefix: str, command: str, *, done: sfn.IChainable, failed: sfn.IChainable, unit: str | None = None
    ) -> sfn.IChainable:
        """One task for the whole job, with attempts of its own."""
        names = ("work", "plan_id", "size", "part")
        keep = {**KEPT, **{f"{name}.$": f"$.{name}" for name in names}}
        start = {
            **KEPT,
            "work.$": "$.work",
            "plan_id.$": "$.work.plan_id",
            "size.$": "$.work.size",
            "part": unit or command,
        }
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
        run = run_task(
            scope, f"{prefix}Run", self._task, command=command, capacity=capacity, limit=limit, size="$.size"
        )
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
