"""`python -m infra.quotas -c environment=dev`: what the account lets run at once, beside what the settings ask for.

Printed by `make deploy`. Credentials that may not read quotas deploy all the same.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import Config, read_config

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"


def fargate_vcpus(client: Any) -> dict[str, int]:
    """By name of the quota: on demand and on Spot. Raises ClientError, BotoCoreError."""
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="fargate")
    quotas = [quota for page in pages for quota in page["Quotas"]]
    return {quota["QuotaName"]: int(quota["Value"]) for quota in quotas if "vCPU" in quota["QuotaName"]}


def report(config: Config, client: Any) -> list[str]:
    lines = [f"transcodes take at most {config.max_vcpus} vCPU (maxVcpus), {config.max_tenant_vcpus} of one tenant"]
    try:
        quotas = fargate_vcpus(client)
    except (ClientError, BotoCoreError) as error:
        return [*lines, f"the account's quotas could not be read: {error}"]
    for name, vcpus in sorted(quotas.items()):
        short = f": less than maxVcpus {config.max_vcpus}" if vcpus < config.max_vcpus else ""
        lines.append(f"quota {name}: {vcpus}{short}")
    return lines


def context_of(given: Sequence[str]) -> Mapping[str, object]:
    """As CDK reads it: `cdk.json`, and what the command line says instead."""
    stored: dict[str, object] = json.loads(CDK_JSON.read_text()).get("context", {})
    return stored | dict(one.split("=", 1) for one in given)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.quotas")
    parser.add_argument("-c", dest="context", action="append", default=[], metavar="NAME=VALUE")
    config = read_config(context_of(parser.parse_args(argv).context).get)
    try:
        client = boto3.client("service-quotas")
    except BotoCoreError as error:  # no region is configured: CDK says so better
        print(f"the account's quotas could not be read: {error}", file=sys.stderr)
        return 0
    print("\n".join(report(config, client)), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
