"""ECS containers as local processes: the part of the docker client that ministack's ECS calls.

A container gets what its task definition, its overrides and the credentials endpoint give it, and nothing of the
engine's own environment. Its exit code is the true one: 128 + signal when a signal ended it (137 for SIGKILL or the
kernel's out-of-memory killer, 143 for SIGTERM).
"""

import json
import os
import shutil
import signal
import subprocess  # noqa: S404  # the one place where a task becomes a process
import tempfile
import time
import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.local.adapter.symbols import engine_module
from infra.local.processes import record_process

ecs = engine_module("services.ecs", "_docker", "_get_docker", "_run_docker_container")

IMAGES_VARIABLE = "SLUICE_IMAGES"  # JSON: [{"contains": part of the image URI, "argv": [...], "env": {...}}]
RECORDS_VARIABLE = "SLUICE_TASK_RECORDS"  # folder of the records by which a later start ends orphans
LOG_POLL_S = 0.05


class ImageNotFound(RuntimeError):
    """The message RunTask reports when a registry does not know the image."""


def install() -> None:
    ecs._docker = LocalDocker(json.loads(os.environ.pop(IMAGES_VARIABLE)), Path(os.environ.pop(RECORDS_VARIABLE)))


class LocalContainer:
    """One process with its own scratch folder; named members are those of docker-py's Container."""

    def __init__(
        self, argv: list[str], environment: Mapping[str, str], records: Path, forget: Callable[[str], object]
    ) -> None:
        self.id = uuid.uuid4().hex
        self._forget = forget
        self.status = "running"
        self.attrs: dict[str, Any] = {"NetworkSettings": {"Networks": {}}, "State": {}}
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-task-"))
        scratch = self.folder / "scratch"
        scratch.mkdir()
        self.log_file = self.folder / "log"
        home = {"PATH": os.environ["PATH"], "HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8"}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603  # argv comes from our image table
                argv,
                cwd=scratch,
                env={**home, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.record = records / f"{self.id}.json"
        record_process(self.record, self.process.pid)

    def reload(self) -> None:
        self.status = "running" if self.process.poll() is None else "exited"

    def wait(self, **options: Any) -> dict[str, int]:
        code = self.process.wait()
        return {"StatusCode": code if code >= 0 else 128 - code}

    def logs(self, *, stream: bool = False, follow: bool = False, **options: Any) -> bytes | Iterator[bytes]:
        return self._lines() if stream or follow else self.log_file.read_bytes()

    def _lines(self) -> Iterator[bytes]:
        with self.log_file.open("rb") as log:
            while True:
                ended = self.process.poll() is not None  # asked before reading, so that the last line is not lost
                yield from iter(log.readline, b"")
                if ended:
                    return
                time.sleep(LOG_POLL_S)

    def stop(self, timeout: float = 10, **options: Any) -> None:
        self._signal_group(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGKILL)
            self.process.wait()

    def remove(self, **options: Any) -> None:
        self._signal_group(signal.SIGKILL)  # what the task's first process left behind
        self.process.wait()
        self._forget(self.id)
        self.record.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


class Containers:
    def __init__(self, images: list[dict[str, Any]], records: Path) -> None:
        self._images, self._records = images, records
        self._running: dict[str, LocalContainer] = {}

    def run(
        self,
        image: str,
        *,
        command: list[str] | None = None,
        environment: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        **options: Any,
    ) -> LocalContainer:
        local = self._local_image(image)
        region = (labels or {})["com.amazonaws.ecs.task-arn"].split(":")[3]
        provided = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}
        container = LocalContainer(
            [*local["argv"], *(command or [])],
            {**provided, **local.get("env", {}), **(environment or {})},
            self._records,
            lambda container_id: self._running.pop(container_id, None),
        )
        self._running[container.id] = container
        return container

    def get(self, container_id: str) -> Any:
        if container_id in self._running:
            return self._running[container_id]
        if container_id == os.environ.get("HOSTNAME", ""):
            # ministack asks for "its own" container to learn the address that tasks reach it by
            loopback = {"local": {"IPAddress": "127.0.0.1"}}
            return types.SimpleNamespace(id="engine", attrs={"NetworkSettings": {"Networks": loopback}})
        raise KeyError(container_id)

    def list(self, **options: Any) -> list[LocalContainer]:
        return []

    def stop_all(self) -> None:
        for container in list(self._running.values()):
            container.remove()

    def _local_image(self, image: str) -> dict[str, Any]:
        for local in self._images:
            if local["contains"] in image:
                return local
        raise ImageNotFound(f"CannotPullContainerError: pull image manifest: {image}: not found")


class LocalDocker:
    def __init__(self, images: list[dict[str, Any]], records: Path) -> None:
        self.containers = Containers(images, records)
        self.images = types.SimpleNamespace(get=lambda *a, **k: None, pull=lambda *a, **k: None)
        self.networks = types.SimpleNamespace(list=lambda *a, **k: [])


def stop_all() -> None:
    """End every task: the engine is going away and would lose sight of them."""
    ecs._docker.containers.stop_all()
