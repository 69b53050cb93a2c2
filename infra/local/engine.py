"""The embedded AWS as a process of this machine: start, stop, clients.

    with Engine(folder) as engine:
        deployment = engine.deploy()
        engine.client("s3").list_buckets()

All state lives in `folder`, so engines in different folders run side by side.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from infra.local.deploy import Deployment, deploy
from infra.local.link_node import NODE_BIN
from infra.local.lock import exclusive
from infra.local.orphans import clear_folder, end_orphaned_tasks
from infra.local.ports import LOOPBACK, Ports, usable_ports
from infra.local.processes import end_recorded, record_process, recorded_pid

REPOSITORY = Path(__file__).resolve().parents[2]
ENGINE_PYTHON = REPOSITORY / ".sluice" / "engine-venv" / "bin" / "python"
ACCOUNT, REGION = "000000000000", "us-east-1"
NO_CONTEXT: Mapping[str, str] = MappingProxyType({})
OPERATOR_KEY = "test"  # the engine's root: id and secret alike
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 20.0  # saving the state takes its time
POLL_S = 0.05
LOG_TAIL_LINES = 40


class EngineFailed(RuntimeError):
    """The engine did not start, or is not there."""


@dataclass(frozen=True)
class LocalImage:
    """A container image as a local program: every image whose URI contains `contains` runs `argv` + command."""

    contains: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


TRANSCODER = LocalImage(
    contains="cdk-hnb659fds-container-assets",  # where CDK publishes image assets; ours has one image
    argv=[sys.executable, "-m", "functions.transcoder.main"],
    env={"PYTHONPATH": f"{REPOSITORY / 'layers' / 'core' / 'python'}:{REPOSITORY}"},
)


class Engine:
    def __init__(self, folder: Path, *, images: Sequence[LocalImage] = (TRANSCODER,)) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "engine.log"
        self.targets = self.folder / "targets.json"
        self._images = images
        self._pid_record = self.folder / "engine.json"
        self._lock = self.folder / "lock"
        self._ports_record = self.folder / "ports.json"
        self._process: subprocess.Popen[bytes] | None = None  # when it was started by this object

    @property
    def ports(self) -> Ports:
        ports = Ports.recorded(self._ports_record)
        if ports is None:
            raise EngineFailed(f"no engine has been started in {self.folder}")
        return ports

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.gateway}"

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def media_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.media}"

    @property
    def running(self) -> bool:
        return recorded_pid(self._pid_record) is not None

    def start(self) -> None:
        """Start, or do nothing when it runs already. Raises EngineFailed with the end of the log."""
        with exclusive(self._lock):
            if not self.running:
                self._start()

    def _start(self) -> None:
        self._collect()
        end_orphaned_tasks(self.folder / "tasks")
        for name in ("tmp", "home"):
            clear_folder(self.folder / name)
        ports = usable_ports(self._ports_record)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(ENGINE_PYTHON), "-m", "infra.local.adapter"],
                cwd=self.folder,
                env=self._environment(ports),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record_process(self._pid_record, self._process.pid)
        self._wait_until_healthy(self._process)

    def stop(self) -> None:
        """Stop in good order, which saves the state; clean the temporary folders."""
        with exclusive(self._lock):
            self._stop()

    def _stop(self) -> None:
        end_recorded(self._pid_record, STOP_GRACE_S)
        self._collect()
        end_orphaned_tasks(self.folder / "tasks")
        clear_folder(self.folder / "tmp")

    def deploy(self, context: Mapping[str, str] = NO_CONTEXT) -> Deployment:
        """Deploy the stacks, unless nothing changed since this state was made. `context`: settings beside the usual."""
        with exclusive(self._lock):
            deployment = deploy(self, context)
            self.route(deployment.outputs["ApiId"], deployment.outputs["DistributionId"])
            self.checkpoint()
        return deployment

    def route(self, api_id: str, distribution_id: str) -> None:
        """Put an HTTP API and a distribution behind the two listeners."""
        self.targets.write_text(json.dumps({"api_id": api_id, "distribution_id": distribution_id}))

    def checkpoint(self) -> None:
        """Save the state now, so that a killed engine comes back with it."""
        request = urllib.request.Request(f"{self.endpoint_url}/_sluice/checkpoint", method="POST")  # noqa: S310
        urllib.request.urlopen(request, timeout=START_TIMEOUT_S).close()  # noqa: S310  # our own loopback URL

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client with the operator's credentials; `options` overrides any of its arguments."""
        arguments: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "aws_access_key_id": OPERATOR_KEY,
            "aws_secret_access_key": OPERATOR_KEY,
            "config": Config(retries={"max_attempts": 1}, read_timeout=910),
        }
        return boto3.client(service, **(arguments | options))  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self.stop()

    def environment_for_clients(self) -> dict[str, str]:
        """Variables that point the AWS SDKs and the CDK CLI at this engine."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": OPERATOR_KEY,
            "AWS_SECRET_ACCESS_KEY": OPERATOR_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _collect(self) -> None:
        """Take leave of an ended process of ours, so that no zombie stays."""
        if self._process:
            self._process.wait()
            self._process = None

    def _environment(self, ports: Ports) -> dict[str, str]:
        """Nothing of ours leaks in but the path: the engine must not depend on the shell that started it."""
        return {
            "PATH": f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "AUTH": "true",
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(ports.gateway),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",  # else objects stay in memory
            "S3_DATA_DIR": str(self.folder / "s3"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "SLUICE_API_PORT": str(ports.api),
            "SLUICE_MEDIA_PORT": str(ports.media),
            "SLUICE_TARGETS": str(self.targets),
            "SLUICE_TASK_RECORDS": str(self.folder / "tasks"),
            "SLUICE_IMAGES": json.dumps([asdict(image) for image in self._images]),
        }

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EngineFailed(f"the engine ended with {process.returncode}; its log ends:\n{self.log_tail()}")
            try:
                urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=5).close()  # noqa: S310
                return
            except (urllib.error.URLError, OSError):
                time.sleep(POLL_S)
        self._stop()
        raise EngineFailed(f"the engine did not answer in {START_TIMEOUT_S:.0f} s; its log ends:\n{self.log_tail()}")

    def log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])
