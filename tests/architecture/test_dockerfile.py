"""The transcoder image, which no machine here builds: its paths and pins against the repository."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import REPOSITORY, read_module

DOCKERFILE = REPOSITORY / "functions" / "transcoder" / "Dockerfile"
IMAGE = REPOSITORY / "infra" / "constructs" / "transcoder_image.py"
TASK = REPOSITORY / "infra" / "constructs" / "fargate_task.py"
LAMBDA_MOUNT = "/opt/python"  # where a layer's python/ folder appears in Lambda


def instructions() -> list[tuple[str, str]]:
    """(INSTRUCTION, arguments) in order, continuation lines joined, comments dropped."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in found]


def arguments(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def copies() -> list[tuple[list[str], str]]:
    """(sources, target) of each COPY from the repository."""
    found = []
    for rest in arguments("COPY"):
        if "--from=" not in rest:
            *sources, target = [word for word in rest.split() if not word.startswith("--")]
            found.append((sources, target))
    return found


def constant(file: Path, name: str) -> Any:
    """A module-level literal, read without importing the CDK."""
    for node in read_module(file).tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise LookupError(f"{file} defines no {name}")


def position(instruction: str, part: str) -> int:
    matching = [i for i, (word, rest) in enumerate(instructions()) if word == instruction and part in rest]
    assert matching, f"no {instruction} with {part}"
    return matching[0]


def test_base_images_are_pinned_to_the_lambda_python() -> None:
    bases = arguments("FROM")
    assert bases
    assert [
        base for base in bases if not re.match(r"\S*python:3\.13[\w.-]*(@sha256:[0-9a-f]{64})?( AS \w+)?$", base)
    ] == []


def test_everything_copied_exists() -> None:
    sources = [source for names, _ in copies() for source in names]
    assert sources
    assert [source for source in sources if not any(REPOSITORY.glob(source.strip("/")))] == []


def test_everything_copied_is_in_the_build_context() -> None:
    included = {rule.removeprefix("!") for rule in constant(IMAGE, "CONTEXT_RULES") if rule.startswith("!")}
    outside = [
        source
        for names, _ in copies()
        for source in names
        if not any(Path(source.strip("/")).is_relative_to(rule.removesuffix("/**")) for rule in included)
    ]
    assert outside == []


def test_the_core_package_lies_where_the_layer_mounts_it() -> None:
    assert ["layers/core/python"] in [[name.strip("/") for name in names] for names, _ in copies()]
    target = next(target for names, target in copies() if names[0].strip("/") == "layers/core/python")
    assert target.rstrip("/") == LAMBDA_MOUNT
    assert any(re.search(rf"PYTHONPATH={LAMBDA_MOUNT}(:|\s|$)", rest) for rest in arguments("ENV"))


def test_packages_come_from_the_lock_alone() -> None:
    installs = [rest for rest in arguments("RUN") if re.search(r"\bpip3? install\b", rest)]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert re.search(r"(-r|--requirement) \S*transcoder\.txt", installs[0])
    assert "requirements/transcoder.txt" in [source for names, _ in copies() for source in names]


@pytest.mark.parametrize("downloader", ["curl", "wget", "apt-get", "apk", "://", "git clone"])
def test_nothing_else_is_downloaded(downloader: str) -> None:
    assert [rest for word, rest in instructions() if word in ("RUN", "ADD") and downloader in rest] == []


def test_it_runs_as_nobody_special() -> None:
    users = arguments("USER")
    assert users
    assert users[-1].partition(":")[0] not in ("root", "0")


def test_scratch_is_writable_by_that_user() -> None:
    folder = constant(TASK, "SCRATCH")
    volume = position("VOLUME", folder)
    # A volume takes owner and mode from the image's folder, so both must be set before it is declared.
    assert position("RUN", folder) < volume
    assert (
        "chown" in instructions()[position("RUN", folder)][1]
        or "install -d -o" in instructions()[position("RUN", folder)][1]
    )


def test_the_entry_point_is_the_transcoder() -> None:
    assert json.loads(arguments("ENTRYPOINT")[-1]) == ["python", "-m", "functions.transcoder.main"]
    assert (REPOSITORY / "functions" / "transcoder" / "main.py").is_file()
