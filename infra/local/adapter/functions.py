"""Lambda's execution environment: what a function finds on its path, and how it reports an error.

A function sees its code, its layers, the standard library and boto3 with its dependencies, as in AWS's Python runtime;
nothing else of the engine's virtual environment. Layers keep their exec bits and their `bin` is on PATH. Unpacked code
and layers are kept by content, so that a cold start unpacks (and compiles) each of them once.
"""

import contextvars
import hashlib
import importlib.util
import os
import shutil
import tempfile
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

from infra.local.adapter.symbols import EngineMismatch, engine_module, wrap

lambda_runtime = engine_module(
    "core.lambda_runtime",
    "_PYTHON_WORKER_SCRIPT",
    "_detect_runtime_binary",
    "Worker.invoke",
    "Worker._spawn",
    "zipfile",
)
lambda_svc = engine_module("services.lambda_svc", "_execute_function_warm")

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
FUNCTION_VARIABLES = frozenset({"PATH", "HOME", "TMPDIR", "LANG"})  # what a function inherits from the engine

PRELUDE = """
import os, sys
sys.path[:] = [p for p in sys.path if "site-packages" not in p and "dist-packages" not in p] + [{runtime!r}]
for _name in {hidden!r}:
    os.environ.pop(_name, None)
for _layer in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
    os.environ["PATH"] = os.path.join(_layer, "bin") + os.pathsep + os.environ["PATH"]
"""
INIT_ERROR = """_real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")"""
INIT_ERROR_TRACED = INIT_ERROR.replace("str(e)", "traceback.format_exc()")
HANDLER_ERROR = """"error": str(e), "trace": traceback.format_exc()"""
HANDLER_ERROR_TYPED = HANDLER_ERROR + """, "error_type": type(e).__name__"""


def install() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sluice-functions-"))
    script = worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT, runtime_packages(folder / "runtime"))
    wrap(lambda_runtime, "_detect_runtime_binary", lambda original: with_script(original, script))
    lambda_runtime.zipfile = types.SimpleNamespace(
        ZipFile=shared_unpacking(folder / "unpacked"),
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )
    error_type: contextvars.ContextVar[str | None] = contextvars.ContextVar("error_type", default=None)
    wrap(lambda_runtime.Worker, "invoke", lambda original: keeping_error_type(original, error_type))
    wrap(lambda_svc, "_execute_function_warm", lambda original: reporting_error_type(original, error_type))


def runtime_packages(folder: Path) -> Path:
    """A folder with links to boto3 and what it needs: the packages that AWS's runtime brings."""
    folder.mkdir(parents=True)
    for name in RUNTIME_PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise EngineMismatch(f"the engine's environment has no {name}")
        source = Path(found.origin)
        package = source.parent if source.name == "__init__.py" else source
        (folder / package.name).symlink_to(package)
    return folder


def worker_script(original: str, runtime: Path) -> str:
    for expected in (INIT_ERROR, HANDLER_ERROR):
        if expected not in original:
            raise EngineMismatch(f"ministack's Python worker no longer holds: {expected}")
    script = original.replace(INIT_ERROR, INIT_ERROR_TRACED, 1).replace(HANDLER_ERROR, HANDLER_ERROR_TYPED, 1)
    return PRELUDE.format(runtime=str(runtime), hidden=sorted(os.environ.keys() - FUNCTION_VARIABLES)) + script


def with_script(original: Any, script: str) -> Any:
    def detect(runtime: str) -> tuple[str, str]:
        binary, its_script = original(runtime)
        return binary, script if runtime.startswith("python") else its_script

    return detect


def shared_unpacking(cache: Path) -> type[zipfile.ZipFile]:
    lock = threading.Lock()

    class SharedZipFile(zipfile.ZipFile):
        """Unpacks into a folder named by content, and puts a link to it where the caller wants the files."""

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            unpacked = cache / digest
            with lock:
                if not unpacked.exists():
                    partial = cache / f"{digest}.partial"
                    shutil.rmtree(partial, ignore_errors=True)
                    super().extractall(partial)
                    restore_modes(self, partial)
                    partial.rename(unpacked)
            Path(path).rmdir()
            Path(path).symlink_to(unpacked)

    return SharedZipFile


def restore_modes(archive: zipfile.ZipFile, folder: Path) -> None:
    for member in archive.infolist():
        mode = member.external_attr >> 16 & 0o777
        if mode and not member.is_dir():
            (folder / member.filename).chmod(mode | 0o400)  # the runtime can read what it is to run


def keeping_error_type(original: Any, error_type: contextvars.ContextVar[str | None]) -> Any:
    def invoke(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(self, *arguments, **options)
        error_type.set(result.get("error_type"))
        return result

    return invoke


def reporting_error_type(original: Any, error_type: contextvars.ContextVar[str | None]) -> Any:
    """A handler's exception class is the errorType; ministack says Runtime.HandlerError for all."""

    def execute(function: Any, event: Any, request_id: str) -> dict[str, Any]:
        error_type.set(None)
        result: dict[str, Any] = original(function, event, request_id)
        raised, body = error_type.get(), result.get("body")
        if result.get("error") and raised and isinstance(body, dict):
            body["errorType"] = raised
        return result

    return execute
