"""Schemas over metadata: what they can say, what is refused, and that hostile ones cost little."""

import json
import socket
import subprocess
import sys
from time import process_time
from typing import Any

import pytest

from sluice.adapters.metadata_schemas import MAX_BYTES, MAX_ERRORS, JsonMetadataSchemas
from sluice.domain.upload_errors import InvalidMetadataSchema

SCHEMAS = JsonMetadataSchemas()
COURSE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What every lecture carries",
    "type": "object",
    "properties": {
        "course": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{3}$"},
        "language": {"enum": ["de", "en"]},
        "note": {"maxLength": 10},
        "teacher": {"$ref": "#/$defs/person"},
    },
    "required": ["course", "language"],
    "additionalProperties": False,
    "$defs": {"person": {"minLength": 2}},
}


def found(schema: dict[str, Any], metadata: dict[str, str]) -> list[tuple[str, str]]:
    text = json.dumps(schema)
    SCHEMAS.check(text)
    return [(field.pointer, field.code) for field in SCHEMAS.violations(text, metadata)]


def refusal(schema: object) -> tuple[str, str]:
    with pytest.raises(InvalidMetadataSchema) as caught:
        SCHEMAS.check(schema if isinstance(schema, str) else json.dumps(schema))
    [field] = caught.value.errors
    assert field.detail == caught.value.detail
    return field.pointer.removeprefix("/metadata_schema"), field.detail


def test_metadata_that_is_as_asked_for() -> None:
    assert found(COURSE, {"course": "CS101", "language": "de", "teacher": "Ada"}) == []
    assert found({}, {"anything": "goes"}) == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, [("/metadata/course", "missing"), ("/metadata/language", "missing")]),
        ({"course": "CS101", "language": "fr"}, [("/metadata/language", "not_allowed")]),
        ({"course": "cs101", "language": "en"}, [("/metadata/course", "bad_format")]),
        ({"course": "CS101", "language": "en", "note": "x" * 11}, [("/metadata/note", "too_long")]),
        ({"course": "CS101", "language": "en", "teacher": "A"}, [("/metadata/teacher", "too_short")]),
        ({"course": "CS101", "language": "en", "year": "1"}, [("/metadata/year", "unknown_field")]),
        ({"course": "CS101", "language": "en", "a/b~c": ""}, [("/metadata/a~1b~0c", "unknown_field")]),
    ],
)
def test_each_violation_names_its_field(metadata: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert found(COURSE, metadata) == expected


@pytest.mark.parametrize(
    ("schema", "metadata", "holds"),
    [
        ({"minProperties": 1}, {}, False),
        ({"propertyNames": {"pattern": "^x-"}}, {"x-a": ""}, True),
        ({"propertyNames": {"pattern": "^x-"}}, {"a": ""}, False),
        ({"additionalProperties": {"maxLength": 1}}, {"a": "12"}, False),
        ({"properties": {"a": {"pattern": "b"}}}, {"a": "abc"}, True),  # found anywhere, as JSON Schema says
        ({"dependentRequired": {"a": ["b"]}}, {"a": ""}, False),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": ""}, True),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"c": ""}, False),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": "", "b": ""}, False),
        ({"not": {"required": ["a"]}}, {"a": ""}, False),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}, {"a": ""}, False),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}, {"c": ""}, True),
        ({"properties": {"a": False}}, {"a": ""}, False),
        ({"properties": {"a": {"const": "1"}}}, {"a": "2"}, False),
    ],
)
def test_keywords_mean_what_json_schema_says(schema: dict[str, Any], metadata: dict[str, str], holds: bool) -> None:
    assert (found(schema, metadata) == []) == holds


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ("{", ""),
        ("[" * 100_000, ""),
        ("[" * 4_000 + "]" * 4_000, ""),
        ("[]", ""),
        ("true", ""),
        ({"title": "x" * MAX_BYTES}, ""),
        ({"requried": ["a"]}, "/requried"),
        ({"properties": {"a": {"format": "date"}}}, "/properties/a/format"),
        ({"patternProperties": {"(a+)+$": {}}}, "/patternProperties"),
        ({"unevaluatedProperties": False}, "/unevaluatedProperties"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}}, "/properties/a/$schema"),
        ({"$id": "https://example.com/x"}, "/$id"),
        ({"$dynamicRef": "#"}, "/$dynamicRef"),
        ({"type": "array"}, "/type"),
        ({"properties": {"year": {"type": "integer"}}}, "/properties/year/type"),
        ({"properties": {"year": {"type": ["string", "null"]}}}, "/properties/year/type"),
        ({"properties": []}, "/properties"),
        ({"properties": {"a": 1}}, "/properties/a"),
        ({"allOf": {}}, "/allOf"),
        ({"required": "a"}, "/required"),
        ({"required": ["a", "a"]}, "/required"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"properties": {"a/b": {"pattern": "("}}}, "/properties/a~1b/pattern"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": r"(a)\1"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "a" * 101}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": 1}}}, "/properties/a/pattern"),
        ({"allOf": [{"properties": {"a": {"pattern": "a"}}}] * 11}, "/allOf/10/properties/a/pattern"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_hold_or_is_too_much_is_refused_with_its_place(schema: object, pointer: str) -> None:
    assert refusal(schema)[0] == pointer


@pytest.mark.parametrize(
    "reference",
    ["https://example.com/schema", "http://127.0.0.1/", "file:///etc/passwd", "other.json", "#", "#/", "#/$defs/b", ""]
    + ["#/properties/a", "#anchor", "#/$defs/a/b", "#/$defs/%61", "https://json-schema.org/draft/2020-12/schema", 7],
)
def test_references_stay_inside_the_definitions(reference: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where))
    monkeypatch.setattr(socket.socket, "connect", lambda _self, where: asked.append(where))
    assert refusal({"$defs": {"a": {}}, "properties": {"a": {"$ref": reference}}})[0] == "/properties/a/$ref"
    assert asked == []


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}},
        json.loads('{"not":' * 17 + "{}" + "}" * 17),
        {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 4} for n in range(9)} | {"d9": {}}},
        {"enum": [json.loads("[" * 100 + "]" * 100)]},
    ],
    ids=["itself", "each other", "deep", "doubling", "deep value"],
)
def test_small_schemas_that_would_run_long(schema: dict[str, Any]) -> None:
    started = process_time()
    refusal(schema)
    assert process_time() - started < 2


def test_the_dearest_schema_that_is_taken_is_checked_in_bounded_time() -> None:
    rules = [{"not": {"pattern": f"(a+)+(b|c|a?){{{n}}}$"}} for n in range(40, 50)]
    deep: dict[str, Any] = {"additionalProperties": {"allOf": rules}}
    for _ in range(7):
        deep = {"allOf": [deep], "not": False}
    wide = {"allOf": [deep, *({"propertyNames": {"maxLength": 64}} for _ in range(150))]}
    metadata = {f"key{n}": "a" * 499 + "!" for n in range(40)}
    started = process_time()
    assert found(wide, metadata) == [], "every rule was looked at"
    assert process_time() - started < 20  # backtracking would take years


def test_there_are_only_so_many_errors() -> None:
    assert len(found({"required": [f"key{n}" for n in range(100)]}, {})) == MAX_ERRORS


def test_an_error_is_short_enough_to_be_shown() -> None:
    schema = json.dumps({"properties": {"a": {"enum": ["x" * 100] * 70}}})
    [field] = SCHEMAS.violations(schema, {"a": "y" * 500})
    assert len(field.detail) <= 300


def test_the_library_is_loaded_when_it_is_needed_and_not_before() -> None:
    """Every upload function has this adapter; only uploads under a schema pay for it."""
    program = """if True:
        import sys
        sys.path[:0] = sys.argv[1:]
        from sluice.adapters.metadata_schemas import JsonMetadataSchemas
        schemas = JsonMetadataSchemas()
        print("jsonschema" in sys.modules)
        schemas.check("{}")
        print("jsonschema" in sys.modules)
    """
    ended = subprocess.run([sys.executable, "-c", program, *sys.path], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", "True"]
