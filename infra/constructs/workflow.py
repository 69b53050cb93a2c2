"""What our state machines have in common: name, log without contents, no traces; states that call our functions."""

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge
from infra.constructs.log_group import log_group
from infra.constructs.python_function import PythonFunction


def workflow(
    scope: Construct, construct_id: str, *, config: Config, definition: sfn.IChainable, limit: Duration
) -> sfn.StateMachine:
    name = f"{config.prefix}-{construct_id.lower()}"
    machine = sfn.StateMachine(
        scope,
        construct_id,
        state_machine_name=name,
        definition_body=sfn.DefinitionBody.from_chainable(definition),
        timeout=limit,
        logs=sfn.LogOptions(
            # the prefix keeps the account's log resource policy from growing with every state machine
            destination=log_group(scope, config=config, name=f"/aws/vendedlogs/states/{name}"),
            level=sfn.LogLevel.ALL,
            include_execution_data=False,
        ),
        removal_policy=RemovalPolicy.DESTROY,
    )
    tracing = "Rows of jobs, uploads and events tell what happened, longer and cheaper than traces."
    acknowledge(machine, {"AwsSolutions-SF2": tracing})
    return machine


def persistent(invoke: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """Beside Lambda's own faults, which the L2 repeats: throttling, a crash, an exception of ours."""
    invoke.add_retry(errors=["States.ALL"], interval=Duration.seconds(2), max_attempts=4, backoff_rate=2)
    return invoke


def allow_starting(function: PythonFunction, *machines: sfn.IStateMachine) -> None:
    function.allow(["states:StartExecution"], [machine.state_machine_arn for machine in machines])


def allow_describing(function: PythonFunction, *names: str) -> None:
    """Executions of the state machines of these names."""
    function.allow(["states:DescribeExecution"], [_executions(function, name) for name in names])


def allow_stopping(function: PythonFunction, name: str) -> None:
    function.allow(["states:StopExecution"], [_executions(function, name)])


def _executions(function: PythonFunction, name: str) -> str:
    """A state machine's own ARN covers none of them."""
    return Stack.of(function).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
