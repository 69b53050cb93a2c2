"""Lambda's execution environment: path, layers, role, errors."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local.engine import Engine
from infra.local.templates import create_stack
from tests.contract.engine.resources import allow, attribute, function, ref, resource, role, zipped

LOOK = """
import importlib.util, os, shutil, subprocess, sys
def handler(event, context):
    found = {name: importlib.util.find_spec(name) is not None for name in event["modules"]}
    return {"found": found, "variables": dict(os.environ), "tool": shutil.which("sluice-tool")}
"""
RUN_TOOL = """
import layered, subprocess
def handler(event, context):
    return {"layered": layered.VALUE, "printed": subprocess.check_output(["sluice-tool"], text=True)}
"""
PUT_ITEM = """
import boto3
def handler(event, context):
    boto3.client("dynamodb").put_item(TableName=event["table"], Item={"pk": {"S": "1"}})
    return "written"
"""
RAISE = """
class AssetNotFound(Exception):
    pass
def handler(event, context):
    raise AssetNotFound("no such asset\\nsecond: line")
"""
BROKEN_IMPORT = "import sluice_no_such_module\ndef handler(event, context): pass"
TABLE = resource(
    "DynamoDB::Table",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)


@dataclass
class Functions:
    engine: Engine
    names: dict[str, str]

    def invoke(self, name: str, event: Any = None) -> tuple[Any, bool]:
        """What the function answers, and whether that is an error."""
        client = self.engine.client("lambda")
        answer = client.invoke(FunctionName=self.names[name], Payload=json.dumps(event or {}).encode())
        return json.loads(answer["Payload"].read()), "FunctionError" in answer


@pytest.fixture(scope="module")
def functions(engine: Engine) -> Functions:
    s3 = engine.client("s3")
    s3.create_bucket(Bucket="layers")
    files = {"python/layered.py": "VALUE = 'from the layer'", "bin/sluice-tool": "#!/bin/sh\necho from the tool\n"}
    s3.put_object(Bucket="layers", Key="layer.zip", Body=zipped(files, executable=("bin/sluice-tool",)))
    layer = resource("Lambda::LayerVersion", Content={"S3Bucket": "layers", "S3Key": "layer.zip"})
    template = {
        "Role": role("lambda"),
        "Writer": role("lambda", allow(["dynamodb:PutItem"], attribute("Table", "Arn"))),
        "Table": TABLE,
        "Layer": layer,
        "Bare": function(LOOK, "Role", Environment={"Variables": {"MINE": "yes"}}),
        "Layered": function(RUN_TOOL, "Role", Layers=[ref("Layer")]),
        "Raising": function(RAISE, "Role"),
        "BrokenImport": function(BROKEN_IMPORT, "Role"),
        "Allowed": function(PUT_ITEM, "Writer"),
        "Denied": function(PUT_ITEM, "Role"),
    }
    named = ("Table", "Bare", "Layered", "Raising", "BrokenImport", "Allowed", "Denied")
    return Functions(engine, create_stack(engine, "functions", template, {name: ref(name) for name in named}))


def test_a_function_sees_the_runtime_s_packages_and_nothing_of_the_engine(functions: Functions) -> None:
    runtime = ["json", "boto3", "botocore", "urllib3", "dateutil"]
    engine_own = ["ministack", "hypercorn", "cryptography", "yaml", "pip", "infra", "sluice", "layered"]
    seen, failed = functions.invoke("Bare", {"modules": [*runtime, *engine_own]})
    assert not failed
    assert {name for name, found in seen["found"].items() if found} == set(runtime)
    assert seen["tool"] is None
    assert seen["variables"]["MINE"] == "yes"
    inherited = {name for name in seen["variables"] if "AWS" not in name and "LAMBDA" not in name}
    assert inherited == {"MINE", "PATH", "HOME", "TMPDIR", "LANG", "_MINISTACK_INVOKE_DEPTH"}


def test_a_layer_brings_modules_and_programs_that_can_run(functions: Functions) -> None:
    seen, _ = functions.invoke("Layered")
    assert seen == {"layered": "from the layer", "printed": "from the tool\n"}


def test_a_layer_is_unpacked_once_for_all_functions(functions: Functions) -> None:
    for _ in range(2):
        functions.invoke("Layered")
    folders = {path.resolve() for path in (functions.engine.folder / "tmp").glob("ministack-lambda-*/layer_0")}
    assert len(folders) == 1
    assert folders.pop().parent.name == "unpacked"


def test_an_exception_s_class_is_the_error_type(functions: Functions) -> None:
    error, failed = functions.invoke("Raising")
    assert failed
    assert error["errorType"] == "AssetNotFound"
    assert error["errorMessage"].startswith("no such asset")


def test_a_module_that_cannot_be_imported_is_named(functions: Functions) -> None:
    error, failed = functions.invoke("BrokenImport")
    assert failed
    assert "No module named 'sluice_no_such_module'" in error["errorMessage"]
    assert "Traceback" in error["errorMessage"]


def test_a_function_is_denied_what_its_role_lacks(functions: Functions) -> None:
    event = {"table": functions.names["Table"]}
    assert functions.invoke("Allowed", event) == ("written", False)
    error, failed = functions.invoke("Denied", event)
    assert failed
    assert "AccessDeniedException" in error["errorMessage"]
    assert "dynamodb:PutItem" in error["errorMessage"]
