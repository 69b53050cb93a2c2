"""What the state machine's role needs for `ecs:runTask.sync`."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from infra.constructs.transcoder_task import TranscoderTask

MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"  # Step Functions makes it to hear of stopped tasks


def allow_running(state_machine: sfn.StateMachine, task: TranscoderTask) -> None:
    stack = Stack.of(state_machine)
    tasks_of_cluster = stack.format_arn(
        service="ecs",
        resource="task",
        resource_name=f"{task.cluster.cluster_name}/*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    revisions = stack.format_arn(service="ecs", resource="task-definition", resource_name=f"{task.family}:*")
    rule = stack.format_arn(service="events", resource="rule", resource_name=MANAGED_RULE)
    on_cluster = {"ArnEquals": {"ecs:cluster": task.cluster.cluster_arn}}
    to_ecs = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    roles = [task.task_role.role_arn, task.execution_role.role_arn]
    for actions, resources, conditions in (
        (["ecs:RunTask"], [revisions], on_cluster),
        (["ecs:StopTask", "ecs:DescribeTasks"], [tasks_of_cluster], on_cluster),
        (["iam:PassRole"], roles, to_ecs),
        (["events:PutRule", "events:PutTargets", "events:DescribeRule"], [rule], None),
    ):
        state_machine.add_to_role_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )
