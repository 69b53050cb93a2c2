"""The program itself, interrupted and killed wherever it stands: the next run goes on."""

import hashlib
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.client.cloud import Cloud

KILLS, SEED = 20, 4711
SMALL, PARTS = 4096, 150
DEADLINE_S = 120.0  # generous: shared machines pause


def start(film: Path, program: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sluice_client", "upload", str(film), "--json"]
    return subprocess.Popen(command, env=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(cloud: Cloud, film: Path, program: dict[str, str], *, signal_at: int = 0, number: int = 0) -> tuple[int, bytes]:
    """Exit code and output; the signal comes before the answer to that request."""
    with start(film, program) as process:
        seen = 0

        def strike(line: str) -> None:
            nonlocal seen
            seen += 1
            if seen == signal_at:
                process.send_signal(number)

        cloud.before_answer = strike
        output, errors = process.communicate(timeout=DEADLINE_S)
    cloud.before_answer = lambda line: None
    cloud.wait_until_idle()
    return process.returncode, output or errors


def test_killed_at_twenty_points_it_goes_on_each_time(cloud: Cloud, tmp_path: Path, program: dict[str, str]) -> None:
    """The first two die around the creation itself."""
    draw = random.Random(SEED)
    film, content = tmp_path / "killed.mp4", draw.randbytes(SMALL * PARTS - 5)
    film.write_bytes(content)
    cloud.part_size = SMALL
    for kill in range(KILLS):
        point = kill + 1 if kill < 2 else draw.randint(1, 12)
        code, _ = run(cloud, film, program, signal_at=point, number=signal.SIGKILL)
        assert code == -signal.SIGKILL, f"kill {kill} at request {point}"
    before = cloud.only.stores.total()
    assert 0 < before < PARTS
    code, output = run(cloud, film, program)
    said = json.loads(output)
    assert (code, said["resumed"], said["parts_sent"]) == (0, True, PARTS - before)
    assert cloud.only.joined is not None
    assert hashlib.sha256(cloud.only.joined).digest() == hashlib.sha256(content).digest()
    assert cloud.only.stores == dict.fromkeys(range(1, PARTS + 1), 1)
    assert list((tmp_path / "states").rglob("*.json")) == []


def test_interrupted_it_says_how_to_go_on(cloud: Cloud, film: Path, program: dict[str, str]) -> None:
    code, said = run(cloud, film, program, signal_at=5, number=signal.SIGINT)
    assert code == 130
    assert b"run the same command again" in said
    assert b"Traceback" not in said
    code, output = run(cloud, film, program)
    assert (code, json.loads(output)["resumed"]) == (0, True)
    assert cloud.only.joined == film.read_bytes()
