"""The fast lane's branch of `transcode`: it may publish, fail or time out, and never touches the other branch's end."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.constructs.transcode_states import JOB

LIMIT = Duration.minutes(6)  # above the function's own


def beside_publish_early(scope: Construct, function: lambda_.IFunction, transcode: sfn.IChainable) -> sfn.Parallel:
    """An error in one branch of a Parallel stops the others: so this one has none."""
    both = sfn.Parallel(scope, "TranscodeAndPublishEarly", result_path=sfn.JsonPath.DISCARD)
    both.branch(_publish_early(scope, function))
    both.branch(transcode)
    return both


def _publish_early(scope: Construct, function: lambda_.IFunction) -> sfn.IChainable:
    invoke = tasks.LambdaInvoke(
        scope,
        "PublishEarly",
        lambda_function=function,
        payload=sfn.TaskInput.from_object({name: path for name, path in JOB.items() if name != "asset_id.$"}),
        payload_response_only=True,
        result_path=sfn.JsonPath.DISCARD,
        task_timeout=sfn.Timeout.duration(LIMIT),
    )
    nothing_early = sfn.Pass(scope, "NothingEarly")
    return invoke.add_catch(nothing_early, errors=["States.ALL"], result_path=sfn.JsonPath.DISCARD)
