"""The state machine `transcode`: one task start per attempt, Spot first, failures classified; the fast lane beside.

Every non-zero exit and every Spot stop is the same States.TaskFailed to Step Functions, and Spot has no fallback of its
own. So a failure is caught, `classify_failure` reads the task's result row and the cause, and its answer says whether
to try again and on which capacity.
"""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs import transcode_states as states
from infra.constructs.early_states import beside_publish_early
from infra.constructs.fargate_task import FargateTask
from infra.constructs.foundation import Foundation
from infra.constructs.grants import DELETE_ROWS, READ_ROWS, WRITE_ROWS, allow_rows
from infra.constructs.part_states import AFTER_DEADLINE, PartFunctions, PartStates
from infra.constructs.python_function import PythonFunction
from infra.constructs.run_task import allow_running
from infra.constructs.workflow import workflow
from sluice.config import ClassifyFailureSettings, FailTranscodeSettings, FindPartsSettings

TOTAL_DEADLINE = Duration.hours(24)  # later, `classify_failure` allows no further attempt
# An execution's timeout runs no Catch: it must lie behind the end of what began just before the deadline.
TOTAL_LIMIT = TOTAL_DEADLINE.plus(AFTER_DEADLINE).plus(Duration.hours(1))


class TranscodeWorkflow(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: Foundation,
        task: FargateTask,
        early: lambda_.IFunction | None,
    ) -> None:
        """`early`: the fast lane's function, where there is one."""
        super().__init__(scope, construct_id)
        self._classify = PythonFunction(
            self,
            name="classify_failure",
            base=base,
            environment=ClassifyFailureSettings.to_env(
                **base.settings,
                fault_wait_s=base.config.fault_wait_s,
                capacity_wait_s=base.config.capacity_wait_s,
            ),
        )
        self._fail = PythonFunction(
            self, name="fail_transcode", base=base, environment=FailTranscodeSettings.to_env(**base.settings)
        )
        self._find = PythonFunction(
            self,
            name="find_parts",
            base=base,
            environment=FindPartsSettings.to_env(**base.settings, **base.starting, chunk_tasks=base.config.chunk_tasks),
        )
        allow_rows(self._find, base.table, [*READ_ROWS, *WRITE_ROWS])  # the job's lease grows and shrinks
        allow_rows(self._classify, base.table, READ_ROWS)
        allow_rows(self._fail, base.table, [*READ_ROWS, *WRITE_ROWS, *DELETE_ROWS])
        self.state_machine = workflow(
            self, "Transcode", config=base.config, definition=self._definition(task, base, early), limit=TOTAL_LIMIT
        )
        allow_running(self.state_machine, task)

    def _definition(self, task: FargateTask, base: Foundation, early: lambda_.IFunction | None) -> sfn.IChainable:
        scope = Construct(self, "States")  # a state's id is its name, and some of them are named like our functions
        attempts = self._attempts(scope, task)
        return beside_publish_early(scope, early, attempts) if early else attempts

    def _attempts(self, scope: Construct, task: FargateTask) -> sfn.IChainable:
        run = states.run_transcoder(scope, task)
        failed = states.fail_transcode(scope, self._fail.function).next(
            sfn.Fail(scope, "Failed", error="TranscodeFailed", cause="The job row says why.")
        )
        wait = sfn.Wait(scope, "WaitBeforeRetry", time=sfn.WaitTime.seconds_path("$.verdict.wait_s"))
        done = sfn.Succeed(scope, "Done")
        decide = sfn.Choice(scope, "RetryOrEnd")
        decide.when(_verdict_is("retry"), wait.next(states.next_attempt(scope)).next(run))
        functions = PartFunctions(self._classify.function, self._fail.function, self._find.function)
        parts = PartStates(scope, task, functions, done=done, failed=failed).first
        decide.when(_verdict_is("done"), parts)  # it had done its work before it was stopped
        decide.otherwise(failed)
        classify = states.classify_failure(scope, self._classify.function)
        classify.add_catch(
            states.unclassified(scope).next(failed), errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD
        )
        run.add_catch(classify.next(decide), errors=["States.ALL"], result_path="$.failure")
        first = states.first_attempt(scope)
        first.next(run).next(parts)
        return states.with_size(scope, first)


def _verdict_is(action: str) -> sfn.Condition:
    return sfn.Condition.string_equals("$.verdict.action", action)
