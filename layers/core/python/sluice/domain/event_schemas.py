"""The published JSON Schema (2020-12) of every event type, and an example of each."""

from typing import Any

from sluice.domain.event_catalogue import CATALOGUE, EventType
from sluice.domain.event_payloads import AssetPayload, Envelope
from sluice.domain.events import API_VERSION

SINCE = "x-since"  # of a field, in `json_schema_extra`: the day on which it was added to its version
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(event_type: EventType) -> dict[str, Any]:
    """Of the whole body. Unknown fields are allowed: consumers must ignore them."""
    definition = CATALOGUE[event_type]
    whole = Envelope.model_json_schema(mode="serialization")
    data = type(definition.example).model_json_schema(mode="serialization")
    definitions = data.pop("$defs", {})
    if definition.states:
        data["properties"]["state"] = {"type": "string", "enum": [state.value for state in definition.states]}
    fixed = {
        "type": {"type": "string", "const": event_type.value},
        "api_version": {"type": "string", "const": API_VERSION},
        "sequence": _sequence(whole["properties"]["sequence"], of_asset=isinstance(definition.example, AssetPayload)),
        "data": data,
    }
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:sluice:event:{event_type}:{API_VERSION}",
        "title": event_type.value,
        "description": definition.description,
        "type": "object",
        "properties": whole["properties"] | fixed,
        "required": whole["required"],
        "$defs": definitions,
    }
    _open(schema)
    return schema


def example_of(event_type: EventType) -> dict[str, Any]:
    example = CATALOGUE[event_type].example
    whole = Envelope(
        id="evt_01m827rwpq3v5g2x0c4t8k9abc",
        type=event_type,
        timestamp="2026-12-01T10:00:00.123Z",
        api_version=API_VERSION,
        environment="dev",
        tenant_id="ten_01m827pjz7fkqps8n0re85ds7d",
        sequence=6 if isinstance(example, AssetPayload) else None,
        correlation_id="order-4711",
        request_id=None,
        data=example,
    )
    return whole.model_dump(mode="json", by_alias=True)


def _sequence(described: dict[str, Any], *, of_asset: bool) -> dict[str, Any]:
    kind = {"type": "integer", "minimum": 1} if of_asset else {"type": "null"}
    return {"description": described["description"], **kind}


def _open(schema: Any) -> None:
    """Our models refuse unknown fields, and pydantic titles everything; consumers need neither.

    A field that came later is not required: events of before are replayed, and do not have it.
    """
    if isinstance(schema, list):
        for item in schema:
            _open(item)
    if isinstance(schema, dict):
        schema.pop("additionalProperties", None)
        if "required" in schema:
            fields = schema["properties"]
            schema["required"] = [name for name in schema["required"] if SINCE not in fields[name]]
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
        for value in schema.values():
            _open(value)
