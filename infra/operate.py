"""`python -m infra.operate --environment dev create-tenant --name Acme`: an operator's commands.

Each one is an invocation of the deployed `operate` function, found by its stack's output; who may do it is IAM's
business. `local` talks to the embedded AWS of this checkout, the others to the account of your credentials.
Results go to stdout, so that `KEY=$(make key ...)` holds the key and nothing else.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sluice.config import Environment

LOCAL_PORTS = Path(__file__).resolve().parents[1] / ".sluice" / "local" / "ports.json"  # written by `make up`
ONCE = Config(read_timeout=310, retries={"total_max_attempts": 1})  # a repeated create_tenant makes two tenants


class OperatorError(Exception):
    """The command did not happen; the message says why."""


@dataclass(frozen=True)
class Operator:
    lambda_client: Any
    function_name: str

    def create_tenant(self, name: str) -> str:
        """The new tenant's id."""
        return str(self._run({"command": "create_tenant", "name": name})["tenant_id"])

    def create_key(
        self, tenant_id: str, scopes: Sequence[str], *, name: str = "default", expires_in_days: int | None = None
    ) -> dict[str, Any]:
        """`{key_id, tenant_id, scopes, expires_at, key}`; nobody can read `key` again."""
        return self._run(
            {
                "command": "create_key",
                "tenant_id": tenant_id,
                "scopes": list(scopes),
                "name": name,
                "expires_in_days": expires_in_days,
            }
        )

    def redrive(self) -> dict[str, Any]:
        """`{sent, dropped, kept}`: dead webhook deliveries."""
        return self._run({"command": "redrive"})

    def _run(self, command: dict[str, Any]) -> dict[str, Any]:
        answer = self.lambda_client.invoke(FunctionName=self.function_name, Payload=json.dumps(command).encode())
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise OperatorError(f"{self.function_name} failed ({result.get('errorType')}); its log says more")
        if "error" in result:
            raise OperatorError(describe(result["error"]))
        return dict(result)


def describe(error: dict[str, Any]) -> str:
    fields = [f"{field['pointer']}: {field['detail']}" for field in error["errors"]]
    return "\n".join([f"{error['code']}: {error['message']}", *fields])


def connect(environment: Environment) -> Operator:
    """Raises OperatorError when there is nothing to talk to."""
    options = local_options() if environment is Environment.LOCAL else {}
    stack = f"sluice-{environment}-operations"
    try:
        described = boto3.client("cloudformation", **options).describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        raise OperatorError(f"the stack {stack} cannot be read: {error}") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    if "OperateFunction" not in outputs:
        raise OperatorError(f"the stack {stack} is not deployed completely")
    return Operator(boto3.client("lambda", config=ONCE, **options), outputs["OperateFunction"])


def local_options() -> dict[str, Any]:
    if not LOCAL_PORTS.exists():
        raise OperatorError("the embedded AWS has not been started: make up")
    port = json.loads(LOCAL_PORTS.read_text())["gateway"]
    return {
        "endpoint_url": f"http://127.0.0.1:{port}",
        "region_name": "us-east-1",
        "aws_access_key_id": "test",  # the embedded AWS's root
        "aws_secret_access_key": "test",
    }


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infra.operate", description="An operator's commands.")
    parser.add_argument("--environment", type=Environment, choices=list(Environment), default=Environment.LOCAL)
    commands = parser.add_subparsers(dest="command", required=True)
    tenant = commands.add_parser("create-tenant", help="prints the tenant's id")
    tenant.add_argument("--name", required=True)
    key = commands.add_parser("create-key", help="prints the key, once")
    key.add_argument("--tenant", required=True)
    key.add_argument("--scopes", required=True, help="separated by spaces or commas")
    key.add_argument("--name", default="default")
    key.add_argument("--expires-in-days", type=int)
    commands.add_parser("redrive", help="sends dead webhook deliveries again")
    return parser.parse_args(argv)


def run(wanted: argparse.Namespace, operator: Operator) -> None:
    match wanted.command:
        case "create-tenant":
            print(operator.create_tenant(wanted.name))
        case "create-key":
            scopes = wanted.scopes.replace(",", " ").split()
            made = operator.create_key(wanted.tenant, scopes, name=wanted.name, expires_in_days=wanted.expires_in_days)
            print(made["key"])
            ends = made["expires_at"] or "never"
            print(f"{made['key_id']}, expires {ends}. Keep it now: it is not shown again.", file=sys.stderr)
        case "redrive":
            done = operator.redrive()
            print(f"sent {done['sent']}, dropped {done['dropped']}, kept {done['kept']}")


def main(argv: Sequence[str]) -> int:
    wanted = arguments(argv)
    try:
        run(wanted, connect(wanted.environment))
    except (OperatorError, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
