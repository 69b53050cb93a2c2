"""The examples of the client's page, executed as they stand there."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from sluice_client import JobQuality, RenditionQuality, verify
from sluice_client.arguments import parser
from sluice_client.forwarding import new_secret
from tests.client.cloud import KEY, Cloud
from tests.client.feed import event_body
from tests.client.receiver import receiving
from tests.documents import REPOSITORY, code, rows, section, spans

DOCUMENT = REPOSITORY / "docs" / "client.md"
URL = "https://films.example/film.mp4"
DEADLINE_S = 120.0  # generous: shared machines pause


@pytest.fixture
def environment(cloud: Cloud, program: dict[str, str], film: Path, tmp_path: Path) -> dict[str, str]:
    """With `sluice` on the path, as an installation puts it there."""
    installed = tmp_path / "bin" / "sluice"
    installed.parent.mkdir()
    installed.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sluice_client "$@"\n')
    installed.chmod(0o755)
    given = {"API": cloud.url, "KEY": KEY, "FILE": str(film), "SLUICE_API_URL": cloud.url, "SLUICE_API_KEY": KEY}
    given |= {"SOURCE_URL": URL, "SOURCE_TOKEN": "t", "SOURCE_URLS": f"{URL} https://10.0.0.1/ {URL}"}
    kept = {name: program[name] for name in ("PYTHONPATH", "XDG_STATE_HOME")}
    return given | kept | {"PATH": f"{installed.parent}:{program['PATH']}"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    ended = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_command_line_example(cloud: Cloud, environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    printed = run(["sh", "-euc", code(DOCUMENT, "On the command line", "bash")], environment, tmp_path)
    assert printed.startswith("upload_id       upl_1\n")
    assert "hls_url" in printed
    assert cloud.slots["upl_1"].request["metadata"] == {"season": "2"}
    assert [slot.joined for slot in cloud.slots.values()] == [film.read_bytes()] * 2
    listed = (tmp_path / "assets.jsonl").read_text().splitlines()
    assert json.loads(listed[249])["asset_id"] == "ast_249"


def test_the_python_example(cloud: Cloud, environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    printed = run([sys.executable, "-c", code(DOCUMENT, "From Python", "python")], environment, tmp_path)
    assert printed.startswith("https://media.example/")
    assert cloud.only.joined == film.read_bytes()


def test_what_is_told_per_title_is_what_there_is() -> None:
    told = spans(section(DOCUMENT, "From Python").partition("`get_job` tells")[2].partition(".\n")[0])
    whole = [f"quality.{field.name}" for field in fields(JobQuality)]
    assert told == [*whole, *(field.name for field in fields(RenditionQuality))]


def test_the_command_line_example_of_a_url(cloud: Cloud, environment: dict[str, str], tmp_path: Path) -> None:
    cloud.fetches = [(10, 20)]
    printed = run(["sh", "-euc", code(DOCUMENT, "From a URL", "bash")], environment, tmp_path)
    assert printed.startswith("upload_id       upl_1\n")
    assert cloud.only.request["input"] == {"url": URL, "headers": {"Authorization": "Bearer t"}}


def test_the_python_example_of_urls(cloud: Cloud, environment: dict[str, str], tmp_path: Path) -> None:
    printed = run([sys.executable, "-c", code(DOCUMENT, "From a URL", "python")], environment, tmp_path)
    taken = f"{URL} ast_1", "https://10.0.0.1/ url_not_allowed (422): about url_not_allowed", f"{URL} ast_2"
    assert [line.partition(";")[0] for line in printed.splitlines()] == [*taken, "None"]


def test_the_examples_of_posters(cloud: Cloud, environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    poster = film.rename(film.with_suffix(".jpg"))
    given = environment | {"ASSET_ID": "ast_1", "POSTER": str(poster)}
    printed = run(["sh", "-euc", code(DOCUMENT, "A poster of your choice", "bash")], given, tmp_path)
    assert printed.startswith("thumbnail_id    thm_1\n")
    assert (list(cloud.posters.asked), cloud.posters.shown) == (["thm_2"], None)
    printed = run([sys.executable, "-c", code(DOCUMENT, "A poster of your choice", "python")], given, tmp_path)
    assert printed == "ready None\n"
    assert cloud.posters.sent["thm_2"] == poster.read_bytes()


def test_the_example_of_events(cloud: Cloud, environment: dict[str, str], tmp_path: Path) -> None:
    """Ctrl-C goes to the whole group of processes, as a terminal sends it."""
    secret, example = new_secret(), code(DOCUMENT, "Events on your machine", "bash")
    with receiving() as receiver, (tmp_path / "notes").open("w") as notes:
        given = environment | {"RECEIVER": receiver.url, "WEBHOOK_SECRET": secret}
        command = ["sh", "-euc", example]
        with subprocess.Popen(
            command, env=given, stdout=subprocess.PIPE, stderr=notes, text=True, start_new_session=True
        ) as run:
            try:
                cloud.feed.wait_until_asked("cur_0")
                cloud.feed.append(event_body(1, "upload.progressed"), event_body(2))
                cloud.feed.wait_until_asked("cur_2")
                os.killpg(run.pid, signal.SIGINT)
                printed, _ = run.communicate(timeout=DEADLINE_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGKILL)
        [(headers, body)] = receiver.got
    assert verify(headers, body, secret).type == "transcode.ready"
    assert printed.startswith("transcode.ready\tevt_2\tast_1\t204\t")
    assert (tmp_path / "notes").read_text().endswith("--after cur_2\n")


def test_the_options_are_those_of_the_commands() -> None:
    """Every one but --help and --json stands in a table."""
    known = {name: options(name) for name in ("upload", "ingest")}
    documented = {name: {"--help", "--json"} for name in known}
    for names, _ in rows(DOCUMENT, "Options"):
        words = " ".join(spans(names)).split()
        for command in documented.keys() & set(words) or documented:
            documented[command] |= {word for word in words if word.startswith("--")}
    assert documented == known
    listed = " ".join(span for names, _ in rows(DOCUMENT, "Events on your machine") for span in spans(names)).split()
    assert {word for word in listed if word.startswith("--")} == options("listen") - {"--help", "--json"}


def options(command: str) -> set[str]:
    commands = next(action.choices for action in parser()._actions if action.dest == "command")
    assert isinstance(commands, dict)
    return {option for action in commands[command]._actions for option in action.option_strings if "--" in option}
