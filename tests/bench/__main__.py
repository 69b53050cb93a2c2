"""`python -m tests.bench [--only name] [--json path]`: prints `name value unit limit` lines, fails over a limit.

Each module of this folder that defines `figures() -> Iterable[Figure]` is a measurement; its figures' names begin
with the module's name. `--only` takes a module's name or the beginning of a figure's name.
"""

import argparse
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from tests import bench
from tests.bench.figure import Figure

Measurement = Callable[[], Iterable[Figure]]


def measurements() -> dict[str, Measurement]:
    found: dict[str, Measurement] = {}
    for module in pkgutil.iter_modules(bench.__path__):
        if module.name != "__main__":
            measure = getattr(import_module(f"{bench.__name__}.{module.name}"), "figures", None)
            if measure:
                found[module.name] = measure
    return found


def measure(only: str, known: dict[str, Measurement]) -> Iterator[Figure]:
    """Runs only the measurements that can have a figure beginning with `only`."""
    for name, figures in known.items():
        if name.startswith(only) or only.startswith(name):
            for figure in figures():
                assert figure.name.startswith(name), f"{figure.name} does not begin with {name}"
                if figure.name.startswith(only):
                    yield figure


def report(figures: Iterable[Figure], target: Path | None) -> list[Figure]:
    """Prints each figure as soon as it is known; `target` gets all of them as JSON."""
    taken: list[Figure] = []
    for figure in figures:
        print(figure.line(), flush=True)
        if not figure.ok:
            print(f"{figure.name} is beyond its limit", file=sys.stderr)
        taken.append(figure)
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps([figure.record() for figure in taken], indent=2) + "\n")
    return taken


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", default="", help="a measurement, or the beginning of a figure's name")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    taken = report(measure(options.only, measurements()), options.json)
    if not taken:
        parser.error(f"no figure begins with {options.only!r}; there are: {', '.join(measurements())}")
    return 0 if all(figure.ok for figure in taken) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
