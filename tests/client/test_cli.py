"""The command line: what it prints, and its exit codes."""

import json
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import sluice_client
from sluice_client import commands
from sluice_client.arguments import EPILOG
from sluice_client.checksums import crc32c
from sluice_client.cli import main
from tests.architecture.source import code_modules, imports, within
from tests.client.cloud import KEY, Cloud
from tests.documents import REPOSITORY, rows

DOCUMENT = REPOSITORY / "docs" / "client.md"
EXTRA = {"google_crc32c"}
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def settings(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    return {"SLUICE_API_URL": cloud.url, "SLUICE_API_KEY": KEY}


def test_upload_passes_on_what_is_given(cloud: Cloud, settings: dict[str, str], film: Path, capsys: Printed) -> None:
    options = "--title Film --tag a --tag b --metadata class=4b --metadata x=1=2 --external-id film-1 --concurrency 2"
    assert main(["upload", str(film), *options.split()], settings) == 0
    request = cloud.only.request
    assert (request["title"], request["tags"], request["external_id"]) == ("Film", ["a", "b"], "film-1")
    assert request["metadata"] == {"class": "4b", "x": "1=2"}
    printed = capsys.readouterr()
    assert dict(line.split() for line in printed.out.splitlines()) == {
        "upload_id": "upl_1",
        "asset_id": "ast_1",
        "playback_id": "plb_1",
        "state": "complete",
    }
    assert printed.err == ""


def test_upload_passes_on_what_it_is_held_to(cloud: Cloud, settings: dict[str, str], film: Path) -> None:
    options = "--policy ipl_1 --profile enc_1 --creator user-7 --ttl 3600 --no-transcode --checksum"
    assert main(["upload", str(film), *options.split()], settings) == 0
    wanted = {"intake_policy_id": "ipl_1", "creator_id": "user-7", "upload_ttl_s": 3600, "transcode": "none"}
    assert cloud.only.request.items() >= (wanted | {"encoding_profile_id": "enc_1"}).items()
    assert cloud.only.request["checksum"] == {"algorithm": "crc32c", "value": crc32c(film)}


def test_what_is_not_transcoded_is_done_when_it_is_uploaded(
    cloud: Cloud, settings: dict[str, str], film: Path, capsys: Printed
) -> None:
    cloud.asset_states = ["ingesting", "uploaded"]
    assert main(["upload", str(film), "--no-transcode", "--wait", "--json"], settings) == 0
    assert json.loads(capsys.readouterr().out)["asset"]["state"] == "uploaded"


def test_a_checksum_without_its_extra_is_wrong_usage(
    cloud: Cloud, settings: dict[str, str], film: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google_crc32c", None)  # as if it were not installed
    assert main(["upload", str(film), "--checksum"], settings) == 2
    assert "sluice-client[checksum]" in capsys.readouterr().err
    assert cloud.seen == []


@pytest.mark.parametrize(("ended", "code"), [("ready", 0), ("failed", 1), ("deleted", 1)])
def test_waiting_tells_how_it_ended(
    cloud: Cloud, settings: dict[str, str], film: Path, capsys: Printed, ended: str, code: int
) -> None:
    cloud.asset_states = [ended]
    assert main(["upload", str(film), "--wait", "--json"], settings) == code
    printed = capsys.readouterr()
    [line] = printed.out.splitlines()
    assert json.loads(line)["asset"]["state"] == ended
    assert ("input.not_video" in printed.err) == (ended == "failed")


def test_lists_are_lines(settings: dict[str, str], cloud: Cloud, capsys: Printed) -> None:
    assert main(["assets", "list", "--limit", "3"], settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t") == ["ast_0", "ready", "2026-12-01T10:05:00.123Z"[:19] + "Z", "A �[31mred�[0m film"]
    assert len(lines) == 3
    assert main(["assets", "list", "--json"], settings) == 0
    assert len([json.loads(line)["asset_id"] for line in capsys.readouterr().out.splitlines()]) == 250
    assert cloud.count("GET /v1/assets$") == 4


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("assets show ast_7", {"asset_id": "ast_7", "metadata": {"class": "4b"}}),
        ("jobs show job_7", {"job_id": "job_7", "state": "running"}),
        ("play plb_7 --ttl 60", {"playback_id": "plb_7", "poster_url": None}),
    ],
)
def test_one_thing_is_shown(settings: dict[str, str], capsys: Printed, command: str, found: dict[str, object]) -> None:
    assert main([*command.split(), "--json"], settings) == 0
    assert json.loads(capsys.readouterr().out).items() >= found.items()
    assert main(command.split(), settings) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines[next(iter(found))] == found[next(iter(found))]
    assert "\x1b" not in str(lines)


def test_a_refusal_is_told_and_ends_with_1(settings: dict[str, str], capsys: Printed) -> None:
    wrong = settings | {"SLUICE_API_KEY": "sk_local_wrong"}
    assert main(["assets", "show", "ast_1"], wrong) == 1
    said = capsys.readouterr().err
    assert said == "sluice: unauthenticated (401): about unauthenticated (request req-1)\n"
    assert main(["assets", "show", "ast_1", "--json"], wrong) == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["type"], error["status"], error["code"]) == ("ApiError", 401, "unauthenticated")
    assert "sk_local" not in said + str(error)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("assets list", "SLUICE_API_KEY"),
        ("assets list", "SLUICE_API_URL"),
        ("upload no-such-file.mp4", None),
        ("upload .", None),
    ],
)
def test_wrong_usage_ends_with_2(
    settings: dict[str, str], cloud: Cloud, capsys: Printed, command: str, missing: str | None
) -> None:
    given = {name: value for name, value in settings.items() if name != missing}
    assert main(command.split(), given) == 2
    assert capsys.readouterr().err.startswith("sluice: ")
    assert cloud.seen == []


@pytest.mark.parametrize(
    "command",
    ["", "upload", "upload x --metadata y", "upload x --concurrency 0", "upload x --ttl 0", "ingest"]
    + ["assets", "assets list --limit x", "sing"],
)
def test_an_unknown_command_ends_with_2(settings: dict[str, str], capsys: Printed, command: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(command.split(), settings)
    assert left.value.code == 2
    assert "usage: sluice" in capsys.readouterr().err


def test_an_api_in_the_clear_ends_with_2(settings: dict[str, str], capsys: Printed) -> None:
    assert main(["assets", "list"], settings | {"SLUICE_API_URL": "http://api.example"}) == 2
    assert "https://" in capsys.readouterr().err


def test_on_a_terminal_there_is_a_bar(
    cloud: Cloud, settings: dict[str, str], film: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["upload", str(film), "--wait"], settings) == 0
    assert "upload" in capsys.readouterr().err
    assert cloud.only.joined == film.read_bytes()


def test_exit_codes_are_documented() -> None:
    documented = [int(code) for code, _ in rows(DOCUMENT, "Exit codes")]
    assert documented == [commands.OK, commands.FAILED, commands.USAGE, commands.INTERRUPTED]
    assert all(f"\n  {code} " in EPILOG for code in documented)


def test_the_package_says_what_it_is() -> None:
    project = tomllib.loads((REPOSITORY / "client" / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["sluice"].partition(":")
    assert getattr(import_module(module), function) is main
    assert project["version"] == sluice_client.__version__
    ours = [one for one in code_modules() if within(one.name, "sluice_client")]
    imported = {name.partition(".")[0] for one in ours for name in imports(one)}
    foreign = imported - sys.stdlib_module_names - {"sluice_client"}
    assert {name.partition(">")[0] for name in project["dependencies"]} == {"urllib3", "rich"} == foreign - EXTRA
    assert {name.partition(">")[0].replace("-", "_") for name in project["optional-dependencies"]["checksum"]} == EXTRA
    assert (REPOSITORY / "client" / "LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()
