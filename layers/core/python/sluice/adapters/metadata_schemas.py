"""JSON Schema (2020-12) over metadata, by the library `jsonschema`, without what a stranger's schema could abuse.

Metadata is a flat object of strings, so a schema gets by with few keywords. Every other one is refused instead of
ignored: a typo, or a rule that cannot hold, is then found when the policy is made and not by the files it let through.
What remains is bounded: references stay inside the schema and are counted as often as they are followed, nothing is
ever fetched, and patterns run in pydantic's regex engine, whose time grows with the text's length and never explodes.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Annotated, Any, NoReturn

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from sluice.domain.errors import FieldError
from sluice.domain.upload_errors import InvalidMetadataSchema

MAX_BYTES = 8_192
MAX_NESTING = 32
MAX_SUBSCHEMAS = 500  # with references followed
MAX_DEPTH = 16  # of subschemas inside each other, references followed: checking one recurses
MAX_PATTERNS = 10  # compiling a hostile one takes up to 50 ms
MAX_PATTERN = 100
MAX_ERRORS = 20
MAX_DETAIL = 300
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/"

_ONE = frozenset({"additionalProperties", "propertyNames", "not", "if", "then", "else"})
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf"})
_NAMED = frozenset({"properties", "$defs"})
_PLAIN = frozenset(
    {"$comment", "title", "description", "examples", "deprecated", "const", "enum", "required", "dependentRequired"}
    | {"minLength", "maxLength", "minProperties", "maxProperties"}
)
_TYPES = ("object", "string")

# keyword of the schema -> our field code; anything else is "invalid"
_FIELD_CODES = {
    "required": "missing",
    "additionalProperties": "unknown_field",
    "minLength": "too_short",
    "maxLength": "too_long",
    "pattern": "bad_format",
    "const": "not_allowed",
    "enum": "not_allowed",
    "type": "wrong_type",
}


class JsonMetadataSchemas:
    def check(self, schema: str) -> None:
        if len(schema.encode()) > MAX_BYTES:
            raise refused("", f"The schema is longer than {MAX_BYTES} bytes.")
        try:
            parsed = json.loads(schema, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise refused("", "The schema is not JSON, or nested without end.") from error
        if not isinstance(parsed, dict):
            raise refused("", "The schema must be an object.")
        if _nesting(parsed) > MAX_NESTING:
            raise refused("", f"The schema is nested deeper than {MAX_NESTING} levels.")
        _Inspection(parsed).run()
        self._check_values(parsed)

    def violations(self, schema: str, metadata: Mapping[str, str]) -> list[FieldError]:
        found = _validator(json.loads(schema)).iter_errors(dict(metadata))
        return [_field(error) for error in islice(found, MAX_ERRORS)]

    def _check_values(self, schema: dict[str, Any]) -> None:
        """By the dialect's own schema: what the inspection leaves open, such as a `required` that is no list."""
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
        from jsonschema.exceptions import SchemaError as Malformed  # type: ignore[import-untyped]

        try:
            Draft202012Validator.check_schema(schema, format_checker=None)  # patterns are compiled by our own engine
        except Malformed as error:
            raise refused(_pointer(error.absolute_path), error.message[:MAX_DETAIL]) from error


class _Inspection:
    """One walk over a schema. Cheap to look at is not cheap to run, so subschemas are counted as they would run."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._subschemas = 0
        self._patterns = 0

    def run(self) -> None:
        if self._schema.get("$schema", DIALECT) != DIALECT:
            raise refused("/$schema", f"Only {DIALECT} is known.")
        self._walk({name: value for name, value in self._schema.items() if name != "$schema"}, "", 1)

    def _walk(self, schema: object, at: str, depth: int) -> None:
        self._subschemas += 1
        if self._subschemas > MAX_SUBSCHEMAS:
            raise refused(at, f"The schema has more than {MAX_SUBSCHEMAS} subschemas, references followed.")
        if depth > MAX_DEPTH:  # also where a reference leads back to itself
            raise refused(at, f"Subschemas stand more than {MAX_DEPTH} deep inside each other, references followed.")
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise refused(at, "A schema is an object, true or false.")
        for keyword, value in schema.items():
            for name, subschema in self._below(keyword, value, f"{at}/{escaped(keyword)}"):
                self._walk(subschema, name, depth + 1)
        if "$ref" in schema:
            self._walk(self._definition(schema["$ref"], f"{at}/$ref"), f"{at}/$ref", depth + 1)

    def _below(self, keyword: str, value: object, at: str) -> Iterator[tuple[str, object]]:
        if keyword in _ONE:
            yield at, value
        elif keyword in _SEVERAL and isinstance(value, list):
            yield from ((f"{at}/{number}", item) for number, item in enumerate(value))
        elif keyword in _NAMED and isinstance(value, dict):
            yield from ((f"{at}/{escaped(name)}", item) for name, item in value.items())
        elif keyword == "type":
            self._check_type(value, at)
        elif keyword == "pattern":
            self._check_pattern(value, at)
        elif keyword not in {"$ref", *_SEVERAL, *_NAMED, *_PLAIN}:
            raise refused(at, "This keyword is not known here.")

    def _check_type(self, value: object, at: str) -> None:
        if any(name not in _TYPES for name in (value if isinstance(value, list) else [value])):
            raise refused(at, "Metadata is an object, and its values are strings; no other type can hold.")

    def _check_pattern(self, pattern: object, at: str) -> None:
        self._patterns += 1
        if self._patterns > MAX_PATTERNS:
            raise refused(at, f"The schema has more than {MAX_PATTERNS} patterns, references followed.")
        if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
            raise refused(at, f"A pattern is a string of at most {MAX_PATTERN} characters.")
        try:
            _compiled(pattern)
        except SchemaError as error:
            raise refused(at, "The pattern is malformed, too large, or uses look-around or back-references.") from error

    def _definition(self, reference: object, at: str) -> object:
        definitions = self._schema.get("$defs")
        if not isinstance(reference, str) or not reference.startswith(DEFINITIONS):
            raise refused(at, f"A reference begins with {DEFINITIONS}")
        name = reference.removeprefix(DEFINITIONS)
        if not isinstance(definitions, dict) or name not in definitions or set(name) & set("~/%"):
            raise refused(at, "There is no such definition.")
        return definitions[name]


def _no_constant(name: str) -> NoReturn:
    """Also what 1e999 was read as: no answer could show it again as JSON."""
    raise ValueError(f"{name} is not JSON")


def refused(pointer: str, detail: str) -> InvalidMetadataSchema:
    """`pointer`: into the schema."""
    return InvalidMetadataSchema(detail, errors=(FieldError(f"/metadata_schema{pointer}", "invalid", detail),))


def _nesting(value: object) -> int:
    levels, level = 0, [value]
    while level:
        levels += 1
        holders = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in holders for inner in (item.values() if isinstance(item, dict) else item)]
    return levels


def escaped(name: object) -> str:
    """One step of an RFC 6901 pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def _pointer(path: Any) -> str:
    return "".join(f"/{escaped(step)}" for step in path)


def _field(error: Any) -> FieldError:
    code = _FIELD_CODES.get(error.validator, "invalid")
    return FieldError(f"/metadata{_pointer(error.absolute_path)}", code, error.message[:MAX_DETAIL])


def _compiled(pattern: str) -> TypeAdapter[str]:
    """Raises SchemaError."""
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def _validator(schema: dict[str, Any]) -> Any:
    from referencing import Registry

    return _dialect()(schema, registry=Registry())  # an empty registry: nothing is ever fetched


@cache
def _dialect() -> Any:
    """Draft 2020-12 with our pattern engine, and with the names of missing and unknown keys in the errors' paths."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError as Violation
    from jsonschema.validators import extend  # type: ignore[import-untyped]

    def pattern(_validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not _matches(wanted, instance):
            yield Violation(f"Does not match {wanted}")

    def required(_validator: Any, names: list[str], instance: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            yield from (Violation("Field required", path=[name]) for name in names if name not in instance)

    def additional(validator: Any, rule: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if not isinstance(instance, dict):
            return
        for name in (name for name in instance if name not in schema.get("properties", {})):
            if rule is False:
                yield Violation("Unknown field", path=[name])
            else:
                yield from validator.descend(instance[name], rule, path=name)

    ours = {"pattern": pattern, "required": required, "additionalProperties": additional}
    return extend(Draft202012Validator, ours)


def _matches(pattern: str, text: str) -> bool:
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True
