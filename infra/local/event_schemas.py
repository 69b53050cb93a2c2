"""`python -m infra.local.event_schemas [--check]`: docs/event-schemas/ from the catalogue, a file per type and version.

What is committed is what consumers were promised: a change that would break one of them is refused, whatever the code
says. It takes another API_VERSION, whose files stand beside these.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sluice.domain.event_catalogue import EventType
from sluice.domain.event_schemas import schema_of
from sluice.domain.events import API_VERSION

TARGET = Path(__file__).resolve().parents[2] / "docs" / "event-schemas"
ANNOTATIONS = frozenset({"description", "title", "$id", "$schema", "$defs", "properties", "required"})


def schemas() -> dict[str, dict[str, Any]]:
    """By file name."""
    return {f"{kind}.{API_VERSION}.json": schema_of(kind) for kind in EventType}


def rendered(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def differences(folder: Path) -> list[str]:
    """Files that the code would write otherwise."""
    wanted = schemas()
    named = sorted({*wanted, *(path.name for path in folder.glob(f"*.{API_VERSION}.json"))})
    return [name for name in named if _text(folder / name) != (rendered(wanted[name]) if name in wanted else "")]


def broken_promises(folder: Path) -> list[str]:
    """What a consumer of the committed schemas would miss in the events of this code."""
    found, wanted = [], schemas()
    for path in sorted(folder.glob(f"*.{API_VERSION}.json")):
        if path.name not in wanted:
            found.append(f"{path.name}: the type is gone")
        else:
            before, after = json.loads(path.read_text()), wanted[path.name]
            found += [f"{path.name}: {change}" for change in breaking(inlined(before), inlined(after))]
    return found


def breaking(before: Any, after: Any, at: str = "") -> list[str]:
    """Fields that are gone, not always there any more, or of another type; new ones are nothing.

    Unless they are required: events are kept and replayed for 30 days, and older ones do not have them.
    """
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [change for pair in zip(before, after, strict=True) for change in breaking(*pair, at)]
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [f"{at or '/'} has another type"]
    had, has = before.get("required", ()), after.get("required", ())
    found = [f"{at}/{name} may be missing" for name in had if name not in has]
    found += [f"{at}/{name} is newly required" for name in has if name not in had]
    for name, field in before.get("properties", {}).items():
        there = after.get("properties", {}).get(name)
        found += [f"{at}/{name} is gone"] if there is None else breaking(field, there, f"{at}/{name}")
    for keyword in (before.keys() | after.keys()) - ANNOTATIONS:
        found += breaking(before.get(keyword), after.get(keyword), at)
    return found


def inlined(schema: Any, definitions: dict[str, Any] | None = None) -> Any:
    """Without references: what a name stands for may change while the name does not."""
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = schema.get("$defs", {}) if definitions is None else definitions
    target = named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    merged = {**target, **{keyword: value for keyword, value in schema.items() if keyword not in ("$ref", "$defs")}}
    return {keyword: inlined(value, named) for keyword, value in merged.items()}


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.local.event_schemas", description="Write docs/event-schemas.")
    parser.add_argument("--check", action="store_true", help="only say whether they would change")
    only_check = parser.parse_args(argv).check
    if broken := broken_promises(TARGET):
        print("\n".join([*broken, "consumers rely on these: such a change takes another API_VERSION"]))
        return 1
    changed = differences(TARGET)
    print("\n".join(changed) or "docs/event-schemas is up to date")
    if only_check:
        return 1 if changed else 0
    TARGET.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (TARGET / name).write_text(rendered(schema))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
