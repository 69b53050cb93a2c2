"""docs/transcoding.md names every reason for which a source is not published as a copy."""

import re
from pathlib import Path

from sluice.media.gate import Refusal

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "transcoding.md"


def test_every_refusal_is_documented() -> None:
    rows = [line.split("|")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(Refusal)
