"""One environment, synthesized: its templates and the questions that tests ask of them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
STACKS = ("data", "delivery", "pipeline", "api", "operations")
TARGETS: dict[str, dict[str, Any]] = {  # of webhooks, one of each kind
    "films": {"arn": "arn:aws:sqs:eu-west-1:111122223333:films", "tenants": ["ten_01m827pjz7fkqps8n0re85ds7d"]},
    "audit": {"arn": "arn:aws:events:eu-central-1:444455556666:event-bus/audit", "tenants": "*"},
}
WITH_TARGETS = {"webhookTargets": json.dumps(TARGETS)}  # context


class Resource(NamedTuple):
    stack: str
    logical_id: str
    type: str
    properties: dict[str, Any]
    body: dict[str, Any]  # the whole entry: DeletionPolicy, DependsOn and so on

    @property
    def name(self) -> str:
        return f"{self.stack}/{self.logical_id}"


class Deployment:
    def __init__(self, environment: str, folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.templates: dict[str, dict[str, Any]] = {
            stack: json.loads(self.template_file(stack).read_text()) for stack in STACKS
        }

    def template_file(self, stack: str) -> Path:
        return self.folder / f"sluice-{self.environment}-{stack}.template.json"

    def resources(self, *types: str) -> list[Resource]:
        return [
            Resource(stack, logical_id, body["Type"], body.get("Properties", {}), body)
            for stack, template in self.templates.items()
            for logical_id, body in template["Resources"].items()
            if not types or body["Type"] in types
        ]

    def only(self, resource_type: str) -> Resource:
        [found] = self.resources(resource_type)
        return found

    def outputs(self) -> set[str]:
        names = {name for template in self.templates.values() for name in template.get("Outputs", {})}
        return {name for name in names if not name.startswith("ExportsOutput")}

    def function(self, name: str) -> Resource:
        wanted = f"sluice-{self.environment}-{name}"
        [found] = [one for one in self.resources("AWS::Lambda::Function") if one.properties["FunctionName"] == wanted]
        return found

    def asynchronous(self, name: str) -> dict[str, Any]:
        """What Lambda does with calls of this function that nobody waits for."""
        wanted = {"Ref": self.function(name).logical_id}
        rules = self.resources("AWS::Lambda::EventInvokeConfig")
        [found] = [one.properties for one in rules if one.properties["FunctionName"] == wanted]
        return found

    def task(self, name: str) -> Resource:
        """The task definition of this family."""
        wanted = f"sluice-{self.environment}-{name}"
        [found] = [one for one in self.resources("AWS::ECS::TaskDefinition") if one.properties["Family"] == wanted]
        return found

    def container(self, name: str) -> dict[str, Any]:
        [found] = self.task(name).properties["ContainerDefinitions"]
        return dict(found)

    def task_role(self, name: str) -> Resource:
        return self._role(self.task(name), "TaskRoleArn")

    def state_machine(self, name: str) -> Resource:
        wanted = f"sluice-{self.environment}-{name}"
        machines = self.resources("AWS::StepFunctions::StateMachine")
        [found] = [one for one in machines if one.properties["StateMachineName"] == wanted]
        return found

    def role_of_machine(self, name: str) -> Resource:
        return self._role(self.state_machine(name), "RoleArn")

    def security_group(self, name: str) -> Resource:
        groups = self.resources("AWS::EC2::SecurityGroup")
        [found] = [one for one in groups if one.properties["GroupDescription"].startswith(f"{name} tasks")]
        return found

    def statements_of(self, role: Resource) -> list[dict[str, Any]]:
        """The inline policies of a role."""
        return [
            statement
            for policy in self.resources("AWS::IAM::Policy")
            if policy.stack == role.stack and {"Ref": role.logical_id} in policy.properties["Roles"]
            for statement in policy.properties["PolicyDocument"]["Statement"]
        ]

    def role_of(self, function: Resource) -> Resource:
        return self._role(function, "Role")

    def _role(self, user: Resource, member: str) -> Resource:
        target = user.properties[member]["Fn::GetAtt"][0]
        [found] = [
            role for role in self.resources("AWS::IAM::Role") if (role.stack, role.logical_id) == (user.stack, target)
        ]
        return found


def synthesize(environment: str, folder: Path, *, nag: bool = False, context: Mapping[str, str] | None = None) -> None:
    """Run the app as `cdk synth` does, without building assets. Raises RuntimeError when a validation fails."""
    from infra.node import use_recent_node

    use_recent_node()
    from aws_cdk import App, Validations  # starts Node: only where a test needs it
    from cdk_nag import AwsSolutionsChecks

    from infra.application import build

    settings = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    chosen = {"environment": environment, "aws:cdk:bundling-stacks": [], **(context or {})}
    app = App(outdir=str(folder), context={**settings, **chosen}, analytics_reporting=False)
    build(app)
    if nag:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def strings(value: Any) -> Iterator[str]:
    """Every string inside, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def flat(value: Any) -> str:
    """A reference as one readable line: `<logical id>.Arn`, joined parts side by side."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        [(kind, inner)] = value.items()
        if kind == "Fn::GetAtt":
            return f"<{'.'.join(inner)}>"
        if kind in ("Ref", "Fn::ImportValue"):
            return f"<{inner}>"
        if kind == "Fn::Join":
            return "".join(flat(part) for part in inner[1])
    return json.dumps(value, sort_keys=True)
