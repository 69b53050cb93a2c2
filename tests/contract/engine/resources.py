"""CloudFormation resources that the contract tests are made of."""

import io
import zipfile
from typing import Any

Resource = dict[str, Any]


def ref(logical_id: str) -> Resource:
    return {"Ref": logical_id}


def attribute(logical_id: str, name: str) -> Resource:
    return {"Fn::GetAtt": [logical_id, name]}


def allow(actions: list[str], resource: Any) -> Resource:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role(service: str, *statements: Resource) -> Resource:
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": "granted", "PolicyDocument": _document(*statements)}] if statements else []
    return resource("IAM::Role", AssumeRolePolicyDocument=_document(trust), Policies=policies)


def function(code: str, role_id: str, **properties: Any) -> Resource:
    """A Python function of one module, `index.handler`."""
    return resource(
        "Lambda::Function",
        **{
            "Code": {"ZipFile": code},
            "Handler": "index.handler",
            "Role": attribute(role_id, "Arn"),
            "Runtime": "python3.13",
            "Timeout": 30,
            **properties,
        },
    )


def task_definition(task_role_id: str, **container: Any) -> Resource:
    definition = {"Name": "main", "Image": "registry/contract/task:1", "Essential": True, **container}
    return resource(
        "ECS::TaskDefinition",
        Family=task_role_id,
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu="256",
        Memory="512",
        TaskRoleArn=attribute(task_role_id, "Arn"),
        ContainerDefinitions=[definition],
    )


def resource(kind: str, **properties: Any) -> Resource:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def zipped(files: dict[str, str], executable: tuple[str, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def _document(*statements: Resource) -> Resource:
    return {"Version": "2012-10-17", "Statement": list(statements)}
