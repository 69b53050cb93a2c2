"""The written documents, taken apart for tests: sections, code blocks, tables, links."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README, OPERATIONS = REPOSITORY / "README.md", REPOSITORY / "docs" / "operations.md"
DOCUMENTS = (README, REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")


def section(document: Path, heading: str) -> str:
    """From this heading to the next one of any level; a `#` comment inside a code block is no heading."""
    found: list[str] = []
    inside = fenced = False
    for line in document.read_text().splitlines():
        fenced ^= line.startswith("```")
        title = None if fenced else _HEADING.match(line)
        if title:
            inside = title[1] == heading
        elif inside:
            found.append(line)
    assert found, f"{document.name} has no section {heading!r}"
    return "\n".join(found)


def code(document: Path, heading: str, language: str) -> str:
    """The one block of this language in a section."""
    [block] = [text for name, text in _BLOCK.findall(section(document, heading)) if name == language]
    return str(block)


def rows(document: Path, heading: str) -> list[list[str]]:
    """The cells of every table row of a section, headers left out."""
    lines = [line for line in section(document, heading).splitlines() if line.startswith("|")]
    bodies = [line for line, following in zip(lines, [*lines[1:], ""], strict=True) if not following.startswith("|--")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in bodies if not line.startswith("|--")]


def spans(text: str) -> list[str]:
    """What stands in backticks."""
    return _SPAN.findall(_BLOCK.sub("", text))


def links(document: Path) -> list[str]:
    return _LINK.findall(_BLOCK.sub("", document.read_text()))


def anchors(document: Path) -> set[str]:
    """As GitHub makes them."""
    prose = _BLOCK.sub("", document.read_text())
    titles = [found[1] for line in prose.splitlines() if (found := _HEADING.match(line))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
