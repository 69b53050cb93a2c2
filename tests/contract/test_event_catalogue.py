"""What consumers of events were promised: schemas, golden events, and changes that only ever add."""

import copy
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import Field

from infra.local import event_schemas
from sluice.domain.event_catalogue import CATALOGUE, EventType
from sluice.domain.event_payloads import AssetPayload, ThumbnailPayload
from sluice.domain.event_schemas import SINCE, example_of, schema_of
from sluice.domain.events import Origin, describe
from sluice.domain.models import ErrorInfo
from sluice.domain.pictures import ChosenPoster
from tests.contract.samples import make_asset, make_thumbnail
from tests.documents import REPOSITORY

GOLDEN = Path(__file__).parent / "events"
PROMISED = Path(__file__).parent / "promised_events.json"  # apart from what is generated
OF_ASSETS = [kind for kind in EventType if isinstance(CATALOGUE[kind].example, AssetPayload)]
OWN_FIELDS = {"duplicate_of", "thumbnail_id", "shown"}  # of some payloads, and of no asset
NEVER_SENT = {EventType.ASSET_DELETED}
every_type = pytest.mark.parametrize("event_type", list(EventType))


def validate(event_type: EventType, body: Any) -> None:
    Draft202012Validator(schema_of(event_type), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)


def told(event_type: EventType) -> str:
    """The body that the product makes of the catalogue's example."""
    example = CATALOGUE[event_type].example
    assert isinstance(example, AssetPayload)
    fields = example.model_dump(exclude={"asset_id", "previous_state", "error", *OWN_FIELDS})
    error = example.error and ErrorInfo(**example.error.model_dump())
    thumbnail = None
    if isinstance(example, ThumbnailPayload):
        thumbnail = make_thumbnail(id=example.thumbnail_id, error=error)
        error = None  # the asset has none
        fields["poster"] = ChosenPoster(thumbnail_id=example.thumbnail_id if example.shown else None, number=1)
    asset = make_asset(
        **fields,
        id=example.asset_id,
        tenant_id="ten_01m827pjz7fkqps8n0re85ds7d",
        sequence=6,
        error=error,
        correlation_id="order-4711",
    )
    moment = datetime(2026, 12, 1, 10, 0, 0, 123000, tzinfo=UTC)
    duplicate_of = getattr(example, "duplicate_of", None)
    origin = Origin("dev", moment, "evt_01m827rwpq3v5g2x0c4t8k9abc", duplicate_of=duplicate_of, thumbnail=thumbnail)
    return describe(asset, event_type, origin, previous_state=example.previous_state).body


def test_every_type_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(EventType)
    assert all(definition.description for definition in CATALOGUE.values())


@every_type
def test_a_schema_is_one_and_its_example_keeps_it(event_type: EventType) -> None:
    Draft202012Validator.check_schema(schema_of(event_type))
    validate(event_type, example_of(event_type))
    for field in ("sequence", "data", "request_id"):
        with pytest.raises(Exception, match=f"'{field}' is a required property"):
            validate(event_type, {name: value for name, value in example_of(event_type).items() if name != field})


@pytest.mark.parametrize("event_type", OF_ASSETS)
def test_the_golden_events_are_what_is_sent_byte_for_byte(event_type: EventType) -> None:
    """Of these bytes consumers made their parsers. UPDATE_GOLDEN=1 writes them."""
    golden = GOLDEN / f"{event_type}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(told(event_type) + "\n")
    assert golden.read_text() == told(event_type) + "\n"
    validate(event_type, json.loads(golden.read_text()))
    assert json.loads(golden.read_text()) == example_of(event_type)


def test_failures_say_code_class_and_whether_to_retry() -> None:
    for event_type in (EventType.ERROR_PROCESSING, EventType.TRANSCODE_FAILED):
        error = json.loads((GOLDEN / f"{event_type}.json").read_text())["data"]["error"]
        assert error == {
            "code": "input.not_video",
            "class": "input",
            "retryable": False,
            "message": "The file is not a video.",
        }


def test_every_type_is_emitted_by_a_use_case_and_the_others_say_so() -> None:
    sources = "".join(path.read_text() for path in (REPOSITORY / "layers/core/python/sluice/service").glob("*.py"))
    silent = {kind for kind in EventType if f"EventType.{kind.name}" not in sources}
    assert silent == NEVER_SENT
    assert all("Not sent yet" in CATALOGUE[kind].description for kind in silent)


# ------------------------------------------------------------------ additive only


def test_the_committed_schemas_are_the_code_s() -> None:
    assert event_schemas.differences(event_schemas.TARGET) == [], "run: make openapi"
    assert event_schemas.broken_promises(event_schemas.TARGET) == []


def promised(schema: Any) -> Any:
    """What a consumer can rely on: without references and sentences."""
    if isinstance(schema, list):
        return [promised(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    names = schema.get("properties", {})
    kept = {name: promised(value) for name, value in schema.items() if name not in event_schemas.ANNOTATIONS}
    kept |= {"properties": {name: promised(field) for name, field in names.items()}} if names else {}
    return kept | ({"required": schema["required"]} if "required" in schema else {})


def test_what_was_ever_promised_is_kept() -> None:
    """Also when docs/event-schemas was deleted and written anew. UPDATE_GOLDEN=1 only ever adds promises."""
    before = json.loads(PROMISED.read_text())
    now = {name: promised(event_schemas.inlined(schema)) for name, schema in event_schemas.schemas().items()}
    broken = [f"{name}: the type is gone" for name in before.keys() - now.keys()]
    for name in before.keys() & now.keys():
        broken += [f"{name}: {change}" for change in event_schemas.breaking(before[name], now[name])]
    assert broken == []
    if os.environ.get("UPDATE_GOLDEN"):
        PROMISED.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    assert json.loads(PROMISED.read_text()) == now, "new ones are promises, too: UPDATE_GOLDEN=1"


def test_a_later_field_is_not_required(monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(AssetPayload):
        title: str = Field(json_schema_extra={SINCE: "2027-01-15"})

    kind = EventType.TRANSCODE_READY
    example = CATALOGUE[kind].example
    before = event_schemas.inlined(schema_of(kind))
    later = Later(**example.model_dump(), title="x")
    monkeypatch.setitem(CATALOGUE, kind, CATALOGUE[kind]._replace(example=later))  # type: ignore[index]
    after = event_schemas.inlined(schema_of(kind))
    assert "title" in after["properties"]["data"]["properties"]
    assert event_schemas.breaking(before, after) == []


def change(path: str, value: Any) -> dict[str, Any]:
    """The schema of transcode.ready with another value at a path; None takes it away."""
    schema = copy.deepcopy(schema_of(EventType.TRANSCODE_READY))
    *parents, last = path.split("/")
    place: Any = schema
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return schema


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("properties/sequence", None, "/sequence is gone"),
        ("properties/sequence/type", "string", "/sequence has another type"),
        ("properties/data/properties/external_id", {"type": "string"}, "/data/external_id has another type"),
        ("properties/data/properties/playback_ids/items/type", "integer", "/data/playback_ids has another type"),
        ("properties/data/required", ["asset_id"], "/data/upload_id may be missing"),
        ("required", [*schema_of(EventType.TRANSCODE_READY)["required"], "title"], "/title is newly required"),
        ("properties/sequence/minimum", 2, "/sequence has another type"),
        ("$defs/Failure/properties/class", None, "/data/error/class is gone"),
        ("$defs/Review/enum", ["pending", "approved", "rejected", "escalated"], "/data/review has another type"),
    ],
)
def test_a_change_that_breaks_a_consumer_is_found(path: str, value: Any, found: str) -> None:
    before, after = schema_of(EventType.TRANSCODE_READY), change(path, value)
    assert found in event_schemas.breaking(event_schemas.inlined(before), event_schemas.inlined(after))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/data/properties/title", {"type": "string"}),
        ("properties/data/description", "Another sentence."),
        ("$defs/Failure/properties/help", {"type": "string"}),
    ],
)
def test_a_change_that_adds_is_none(path: str, value: Any) -> None:
    before, after = schema_of(EventType.TRANSCODE_READY), change(path, value)
    assert before != after
    assert event_schemas.breaking(event_schemas.inlined(before), event_schemas.inlined(after)) == []


def test_breaking_changes_are_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(event_schemas, "TARGET", tmp_path)
    assert event_schemas.main(["--check"]) == 1
    assert event_schemas.main([]) == 0
    assert event_schemas.main(["--check"]) == 0
    promised = tmp_path / "transcode.ready.2026-12-01.json"
    promised.write_text(promised.read_text().replace('"sequence"', '"number"'))
    before = promised.read_text()
    assert event_schemas.main([]) == 1
    assert promised.read_text() == before
    (tmp_path / "transcode.gone.2026-12-01.json").write_text("{}")
    assert event_schemas.broken_promises(tmp_path)[0] == "transcode.gone.2026-12-01.json: the type is gone"
    assert "/number is gone" in capsys.readouterr().out
