"""The film in a real browser, played to its end by the players that people embed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.playing import container_duration
from infra.local.link_node import NODE_BIN
from tests.e2e.film import Film

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path (Debian: apt install chromium)"),
]


def play(player: str, url: str, screenshot: Path) -> dict[str, Any]:
    assert CHROMIUM is not None, "CI installs Chromium"
    script = REPOSITORY / "tests" / "e2e" / "players.mjs"
    command = [NODE_BIN / "node", script, CHROMIUM, REPOSITORY / "node_modules", player, url, screenshot]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return dict(json.loads(ended.stdout))


@pytest.mark.parametrize(
    ("library", "manifest"), [("hls.js", "hls_url"), ("shaka-player", "dash_url"), ("dashjs", "dash_url")]
)
def test_a_library_plays_it_to_its_end(film: Film, tmp_path: Path, library: str, manifest: str) -> None:
    session = film.customer.api.call(
        "POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"], "ttl_s": 300}
    )
    seen = play(library, session[manifest], tmp_path / "last-frame.png")
    assert (seen["ended"], seen["errors"], seen["refused"]) == (True, [], [])
    assert seen["duration"] == pytest.approx(container_duration(film.source), abs=0.1)
    assert seen["height"] == 240 and seen["audioBytes"] > 0
