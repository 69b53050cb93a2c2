"""The real stacks onto a running engine, by the pinned CDK command line; skipped when nothing changed."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local.link_node import NODE_BIN

if TYPE_CHECKING:
    from infra.local.engine import Engine

REPOSITORY = Path(__file__).resolve().parents[2]
CDK = REPOSITORY / "node_modules" / ".bin" / "cdk"
STACKS = tuple(f"sluice-local-{name}" for name in ("data", "delivery", "pipeline", "api", "operations"))
BOOTSTRAP_STACK = "CDKToolkit"
INGEST_BUCKET = "sluice-local-sources"  # s3:// sources come from here; who wants some makes the bucket
COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
# Everything that the templates and their assets are made from. Only those: a change elsewhere deploys nothing.
SOURCES = ("infra", "layers", "functions", "requirements", "cdk.json", "package-lock.json")
NOT_SOURCES = ("infra/local",)


class DeployFailed(RuntimeError):
    """The CDK command line ended with an error; the message holds the end of its output."""


@dataclass(frozen=True)
class Deployment:
    api_url: str
    media_url: str
    outputs: dict[str, str]
    changed: bool  # False: everything was deployed already
    seconds: float


def deploy(engine: "Engine", settings: Mapping[str, str]) -> Deployment:
    began = time.monotonic()
    context = {
        "environment": "local",
        "apiBaseUrl": engine.api_url,
        "mediaBaseUrl": engine.media_url,
        "ingestBuckets": INGEST_BUCKET,
        **settings,
    }
    fingerprint = source_fingerprint(context)
    marker = engine.folder / "deployed"
    outputs = _deployed_outputs(engine)
    changed = outputs is None or not marker.exists() or marker.read_text() != fingerprint
    if changed:
        marker.unlink(missing_ok=True)
        _bootstrap(engine)
        app = ["--app", f"{sys.executable} -m infra.app", "--output", str(engine.folder / "cdk.out")]
        _cdk(engine, ["deploy", "--all", "--require-approval", "never", *app, *_context(context)], folder=REPOSITORY)
        outputs = _deployed_outputs(engine)
        marker.write_text(fingerprint)
    if outputs is None:
        raise DeployFailed("the CDK command line succeeded, but not all stacks are complete")
    return Deployment(engine.api_url, engine.media_url, outputs, changed, time.monotonic() - began)


def source_fingerprint(context: dict[str, str]) -> str:
    digest = hashlib.sha256(json.dumps([context, sys.version]).encode())
    for path in _source_files():
        digest.update(f"\n{path.relative_to(REPOSITORY)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    excluded = tuple(str(REPOSITORY / name) for name in NOT_SOURCES)
    for name in SOURCES:
        root = REPOSITORY / name
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            generated = "__pycache__" in path.parts or path.suffix == ".pyc"
            if path.is_file() and not generated and not str(path).startswith(excluded):
                yield path


def _deployed_outputs(engine: "Engine") -> dict[str, str] | None:
    """The outputs of all stacks, or None unless every stack is complete."""
    stacks = {stack["StackName"]: stack for stack in engine.client("cloudformation").describe_stacks()["Stacks"]}
    wanted = [stacks.get(name) for name in STACKS]
    if any(stack is None or stack["StackStatus"] not in COMPLETE for stack in wanted):
        return None
    listed: list[Any] = [output for stack in wanted if stack for output in stack.get("Outputs", [])]
    return {output["OutputKey"]: output["OutputValue"] for output in listed}


def _bootstrap(engine: "Engine") -> None:
    described = engine.client("cloudformation").describe_stacks()["Stacks"]
    if any(stack["StackName"] == BOOTSTRAP_STACK and stack["StackStatus"] in COMPLETE for stack in described):
        return
    account = engine.client("sts").get_caller_identity()["Account"]
    region = engine.client("sts").meta.region_name
    _cdk(engine, ["bootstrap", f"aws://{account}/{region}"], folder=engine.folder)  # away from cdk.json: needs no app


def _context(context: dict[str, str]) -> list[str]:
    return [part for name, value in context.items() for part in ("--context", f"{name}={value}")]


def _cdk(engine: "Engine", arguments: list[str], folder: Path) -> None:
    log = engine.folder / "cdk.log"
    command = [str(NODE_BIN / "node"), str(CDK), "--ci", "--no-color", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    environment |= engine.environment_for_clients() | {
        "PATH": f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{REPOSITORY / 'layers' / 'core' / 'python'}{os.pathsep}{REPOSITORY}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "HOME": str(engine.folder / "home"),  # no profile, no cache of this user's real AWS
    }
    with log.open("wb") as output:
        ended = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-60:])
        hint = "If the stacks cannot be updated in place: python -m infra.local.cli reset"
        raise DeployFailed(f"cdk {arguments[0]} ended with {ended.returncode}:\n{tail}\n{hint}")
