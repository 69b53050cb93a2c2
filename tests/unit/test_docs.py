"""What the documents name exists, and what they list is all there is."""

import importlib
import json
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic_core import PydanticUndefined

import sluice
from functions.api_assets.event_views import TimelineView
from infra import operate
from infra.config import Config, read_config
from infra.local.openapi import operations
from sluice import config, table
from sluice.adapters.denial_rows import DENIAL_LIFE
from sluice.adapters.items import AUDIT_LIFE, DELIVERY_LIFE
from sluice.domain.api_keys import SCOPES
from sluice.domain.audit import Action
from sluice.domain.denials import DenialReason
from sluice.domain.tools import ToolLimitExceeded, ToolNotStarted
from sluice.domain.upload_errors import ContentTypeNotAllowed, UploadTooLong
from sluice.http.problems import Problem
from sluice.media.verdicts import SourceRejected
from sluice.service.jobs import CANCELLED
from tests.documents import DOCUMENTS, OPERATIONS, README, REPOSITORY, anchors, code, links, rows, section, spans

API = REPOSITORY / "docs" / "api.md"
PLAYBACK = REPOSITORY / "docs" / "playback.md"
MAKEFILE = (REPOSITORY / "Makefile").read_text()
T = TypeVar("T")
TASKS = {"fetcher": "transcoder"}  # another task of the same image
NOT_YET = {"tests/deployed"}  # named because it is missing
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return dict(json.loads((REPOSITORY / "openapi.json").read_text()))


def subclasses(parent: type[T]) -> Iterator[type[T]]:
    yield parent
    for child in parent.__subclasses__():
        yield from subclasses(child)


def cell(name: str) -> str:
    return name.strip("`")


# ------------------------------------------------------------------ what is named exists


@every_document
def test_relative_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_document
def test_make_targets_and_their_variables_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    [listed] = re.findall(r"foreach name,([A-Z ]+),", MAKEFILE)
    known = {*listed.split(), "PYTHON"}
    for target, arguments in re.findall(r"(?:`|^)make ([a-z-]+)([^`\n#]*)", document.read_text(), re.MULTILINE):
        assert target in targets, target
        assert set(re.findall(r"\b([A-Z]+)=", arguments)) <= known, arguments


@every_document
def test_paths_exist(document: Path) -> None:
    tops = {path.name for path in REPOSITORY.iterdir() if not path.name.startswith(".")}
    text = document.read_text()
    named = [span for span in spans(text) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", span) and span.split("/")[0] in tops]
    assert [path for path in named if not (REPOSITORY / path).exists() and path not in NOT_YET] == []
    assert [path for path in named if path in NOT_YET and (REPOSITORY / path).exists()] == [], "it exists now"


def test_the_picture_shows_every_function() -> None:
    folders = {path.name for path in (REPOSITORY / "functions").iterdir() if (path / "__init__.py").exists()}
    drawn = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", section(README, "How it flows")))
    assert folders - drawn == set()
    assert {word for word in drawn if "_" in word} <= folders


def test_the_readme_stays_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


def test_operator_commands_are_understood() -> None:
    [line] = [line for line in OPERATIONS.read_text().splitlines() if "-m infra.operate" in line]
    wanted = operate.arguments(shlex.split(line)[3:])
    assert (wanted.command, wanted.environment, wanted.expires_in_days) == ("create-key", "prod", 90)


# ------------------------------------------------------------------ what is listed is all there is


def test_the_error_catalogue_is_the_code_s(openapi: dict[str, Any]) -> None:
    listed = {cell(code): (int(status), yes == "yes", text) for code, status, yes, text in rows(API, "Errors")}
    catalogue = openapi["x-error-codes"]
    assert listed == {code: (one["status"], one["retryable"], one["title"]) for code, one in catalogue.items()}


def test_the_example_of_a_problem_is_one() -> None:
    example = json.loads(code(API, "Errors", "json"))
    assert Problem.model_validate(example).model_dump() == example
    assert example["title"] in API.read_text().split("| code |")[1]


@pytest.mark.parametrize(
    ("page", "heading"), [(API, "Timeline"), (API, "Audit"), (PLAYBACK, "Why a viewer cannot watch")]
)
def test_the_example_of_a_timeline_is_an_answer(page: Path, heading: str) -> None:
    example = json.loads(code(page, heading, "json"))
    assert json.loads(TimelineView.model_validate(example).model_dump_json()) == example


def test_what_a_timeline_shows_is_kept_as_long_as_it_says() -> None:
    assert f"kept for {DELIVERY_LIFE.days} days" in section(API, "Timeline")
    assert f"kept for {AUDIT_LIFE.days} days" in section(API, "Audit")
    assert f"for {AUDIT_LIFE.days} days" in section(OPERATIONS, "What happened to it")
    assert f"kept for {DENIAL_LIFE.days} days" in section(PLAYBACK, "Why a viewer cannot watch")


def test_every_reason_to_refuse_a_viewer_is_listed() -> None:
    assert [cell(reason) for reason, _, _ in rows(PLAYBACK, "Why a viewer cannot watch")] == list(DenialReason)


def test_every_audited_action_is_listed() -> None:
    listed = [name for names, _ in rows(API, "Audit") for name in re.findall(r"`([a-z._]+)`", names)]
    assert listed == list(Action)


def test_routes_and_scopes_are_the_code_s(openapi: dict[str, Any]) -> None:
    listed = {cell(route): cell(scope) for route, scope, _ in rows(API, "The API")}
    needed = {
        f"{method.upper()} {path}": operation["security"][0]["api_key"][0]
        for path, method, operation in operations(openapi)
    }
    assert listed == needed
    idle = {span for span in spans(section(API, "Who calls")) if re.fullmatch(r"[a-z]+:[a-z]+", span)}
    assert idle == SCOPES - set(needed.values())


def test_every_setting_is_documented() -> None:
    found: dict[str, tuple[str, set[str]]] = {}
    classes = [one for one in subclasses(config.Settings) if one is not config.Settings]
    for settings in classes:
        reader = re.sub(r"(?<!^)(?=[A-Z])", "_", settings.__name__.removesuffix("Settings")).lower()
        assert (REPOSITORY / "functions" / TASKS.get(reader, reader)).is_dir()
        for name, field in settings.model_fields.items():
            default = "" if field.default in (PydanticUndefined, "") else f"`{field.default}`"
            _, readers = found.setdefault(config.PREFIX + name.upper(), (default, set()))
            readers.add(f"`{reader}`")
    documented = rows(OPERATIONS, "Settings")
    listed = {cell(name): (default, set(readers.split(", "))) for name, default, readers, _ in documented}
    everybody = {name: (default, {"all"} if len(by) == len(classes) else by) for name, (default, by) in found.items()}
    assert listed == everybody


def test_every_context_value_is_documented() -> None:
    asked: list[str] = []

    def context(name: str) -> str | None:
        asked.append(name)
        return {"environment": "prod"}.get(name)

    read: Config = read_config(context)
    listed = {cell(name): cell(default) for name, default, _ in rows(OPERATIONS, "Deploying")}
    assert listed.keys() == set(asked)
    assert listed["availabilityZones"] == str(read.availability_zones)
    assert listed["allowedOrigins"] == ",".join(read.allowed_origins)
    assert (listed["activeSlot"], listed["generation-a"]) == (read.active_slot, str(read.generations["a"]))


def test_every_code_of_a_failed_job_is_documented() -> None:
    for module in pkgutil.walk_packages(sluice.__path__, "sluice."):
        importlib.import_module(module.name)
    sources = [
        path.read_text() for root in ("layers/core/python", "infra") for path in REPOSITORY.glob(f"{root}/**/*.py")
    ]
    ours = {found for text in sources for found in re.findall(r'"(provider\.[a-z_]+)"', text)}
    refused = {verdict.code for verdict in subclasses(SourceRejected)}
    tools = {ToolLimitExceeded.code, ToolNotStarted.code}
    listed = {cell(code) for code, *_ in rows(OPERATIONS, "Why a job failed")}
    by_policy = {ContentTypeNotAllowed.code, UploadTooLong.code}
    others = {"provider_failure", "upload_size_mismatch", "upload_closed", CANCELLED.code}
    assert listed == ours | refused | by_policy | tools | others


def test_the_keys_of_rows_are_the_table_s() -> None:
    ten, ast, job, whk = "ten_…", "ast_…", "job_…", "whk_…"
    listed = [row for row in rows(OPERATIONS, "What happened to it") if len(row) == 3]
    begins = {(cell(pk), cell(sk)) for _, pk, sks in listed for sk in sks.split(", ")}
    keys = [
        table.asset(ten, ast),
        table.asset_version(ten, ast, "ver_…"),
        table.event(ten, ast, 1),
        table.asset_delivery(ten, ast, whk, "evt_…"),
        table.feed_head(ten),
        table.feed_hour(ten, "2026-12-01T10"),
        table.feed_entry(ten, "2026-12-01T10", 7),
        table.asset_job(ten, ast, job),
        table.asset_audit(ten, ast, "aud_…"),
        table.asset_denial(ten, ast, "2026-12-01T10:07", "token_expired"),
        table.thumbnail(ten, ast, "thm_…"),
        table.discarded_picture(ten, ast, "thm_…"),
        table.job(ten, job),
        table.job_progress(ten, job),
        table.job_result(ten, job, 1),
        table.upload(ten, "upl_…"),
        table.lease("job_…"),
        table.lease_book(),
        table.intake_policy(ten, "ipl_…"),
        table.current_profile(ten, "enc_…"),
        table.encoding_profile(ten, "enc_…", 1),
        table.webhook(ten, "whk_…"),
        table.delivery(ten, whk, "evt_…"),
        table.delivery_attempt(ten, whk, "evt_…", 1),
        table.api_key_lookup("key_…"),
    ]
    found = {(pk, sk) for pk, sk in begins for key in keys if key.pk == pk and key.sk.startswith(sk)}
    assert found == begins
    assert [key for key in keys if not any(key.pk == pk and key.sk.startswith(sk) for pk, sk in begins)] == []
