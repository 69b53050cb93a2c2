"""What a function may do, in the words of our own resources. Every action is spelled out."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from infra.constructs.python_function import PythonFunction
from infra.webhook_targets import WebhookTargets
from sluice.table import DUE_INDEX, LIST_INDEX, LOOKUPS, asset_denial

READ_ROWS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITE_ROWS = ("dynamodb:PutItem",)  # a transaction needs the permission of each action inside it
MARK_ROWS = ("dynamodb:UpdateItem",)  # takes an event out of the work index
COUNT_ROWS = ("dynamodb:UpdateItem",)  # what is open, inside the transactions that open and settle uploads
DELETE_ROWS = ("dynamodb:DeleteItem",)


def allow_rows(function: PythonFunction, table: dynamodb.ITable, actions: Sequence[str]) -> None:
    function.allow(actions, [table.table_arn])


def allow_reading_stream(function: PythonFunction, table: dynamodb.ITable) -> str:
    """Returns the stream's ARN."""
    stream_arn = table.table_stream_arn
    assert stream_arn is not None  # noqa: S101 - for the type checker
    function.allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], [stream_arn])
    function.allow(["dynamodb:ListStreams"], ["*"])  # takes no narrower resource
    return stream_arn


def deny_lookups(role: iam.Role, table: dynamodb.ITable, actions: Sequence[str]) -> None:
    """The rows that say whose an API key is: who handles strangers' bytes needs none of them."""
    lookups = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": [f"{LOOKUPS}*"]}}
    role.add_to_principal_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=list(actions), resources=[table.table_arn], conditions=lookups
        )
    )


def allow_denials(function: PythonFunction, table: dynamodb.ITable) -> None:
    """To count refused viewers, and no other row. An update always says its leading key, so "all" is never empty."""
    counted = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [asset_denial("*", "*", "", "").pk]}}
    function.allow(["dynamodb:UpdateItem"], [table.table_arn], counted)


def allow_listing(function: PythonFunction, table: dynamodb.ITable) -> None:
    function.allow(["dynamodb:Query"], [f"{table.table_arn}/index/{LIST_INDEX}"])


def allow_due_work(function: PythonFunction, table: dynamodb.ITable) -> None:
    """Work across tenants; only `reconcile` may look, and `start_waiting`, for jobs."""
    function.allow(["dynamodb:Query"], [f"{table.table_arn}/index/{DUE_INDEX}"])


def allow_objects(function: PythonFunction, bucket: s3.IBucket, prefix: str, actions: Sequence[str]) -> None:
    function.allow(actions, [bucket.arn_for_objects(f"{prefix}/*")])


def allow_reading(function: PythonFunction, bucket: s3.IBucket, prefix: str) -> None:
    """Reading, where a miss must be told from a fault: without s3:ListBucket a missing object answers 403, not 404."""
    allow_objects(function, bucket, prefix, ["s3:GetObject"])
    function.allow(["s3:ListBucket"], [bucket.bucket_arn])


def allow_calling(function: PythonFunction, called: lambda_.IFunction) -> None:
    function.allow(["lambda:InvokeFunction"], [called.function_arn])


def allow_secret(function: PythonFunction, *secret_arns: str) -> None:
    function.allow(["secretsmanager:GetSecretValue"], secret_arns)


def allow_webhook_targets(function: PythonFunction, targets: WebhookTargets) -> None:
    """Exactly the queues and buses that the operator registered."""
    if targets.queue_arns:
        function.allow(["sqs:SendMessage"], targets.queue_arns)
    if targets.bus_arns:
        function.allow(["events:PutEvents"], targets.bus_arns)


def allow_parameter(function: PythonFunction, name: str) -> None:
    """By name, not by construct: the parameter may stand behind the function in the order of deployment."""
    arn = Stack.of(function).format_arn(
        service="ssm", resource="parameter", resource_name=name.lstrip("/"), arn_format=ArnFormat.SLASH_RESOURCE_NAME
    )
    function.allow(["ssm:GetParameter"], [arn])
