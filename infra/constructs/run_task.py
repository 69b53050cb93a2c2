"""`ecs:runTask.sync`: the state that runs a task to its end, and what a state machine's role needs for it.

ASL by hand: the L2 state can take neither a capacity provider from the state's input nor a family without a revision.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.fargate_task import FargateTask

MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"  # Step Functions makes it to hear of stopped tasks


def run_task(
    scope: Construct,
    name: str,
    task: FargateTask,
    *,
    command: str,
    capacity: Mapping[str, str],
    limit: Duration,
    size: str | None = None,
) -> sfn.CustomState:
    """`command`: ASL that makes an array; `capacity`: the member that names the capacity provider.

    `size`: path of {cpu, memory, storage_gib} in the state's input; None: as the task definition says.
    """
    return sfn.CustomState(
        scope,
        name,
        state_json={
            "Type": "Task",
            "Resource": f"arn:{Aws.PARTITION}:states:::ecs:runTask.sync",
            "Parameters": _parameters(task, command, capacity, size),
            "ResultPath": sfn.JsonPath.DISCARD,  # not None, which jsii drops; the task's JSON is several KB
            "TimeoutSeconds": int(limit.to_seconds()),
        },
    )


def _parameters(task: FargateTask, command: str, capacity: Mapping[str, str], size: str | None) -> dict[str, Any]:
    return {
        "Cluster": task.cluster.cluster_arn,
        "TaskDefinition": task.family,  # its newest revision: a deployment retires the one a running job began with
        "CapacityProviderStrategy": [{**capacity, "Weight": 1}],
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "ENABLED",  # instead of a NAT gateway; the security group lets nothing in
                "Subnets": [subnet.subnet_id for subnet in task.vpc.public_subnets],
                "SecurityGroups": [task.security_group.security_group_id],
            }
        },
        "Overrides": {"ContainerOverrides": [{"Name": task.name, "Command.$": command}], **_sized(size)},
    }


def _sized(size: str | None) -> dict[str, Any]:
    if size is None:
        return {}
    return {
        "Cpu.$": f"{size}.cpu",
        "Memory.$": f"{size}.memory",
        "EphemeralStorage": {"SizeInGiB.$": f"{size}.storage_gib"},
    }


def allow_running(state_machine: sfn.StateMachine, task: FargateTask) -> None:
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
    state_machine.node.add_dependency(task.definition)  # named by family, so CloudFormation cannot tell
