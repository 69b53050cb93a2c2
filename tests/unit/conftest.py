"""Every event that any unit test makes the product emit is held to its published schema."""

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sluice.domain import events
from sluice.domain.event_catalogue import EventType
from sluice.domain.event_schemas import schema_of


@cache
def validator(event_type: EventType) -> Any:
    return Draft202012Validator(schema_of(event_type))


@pytest.fixture(autouse=True)
def emitted_events_keep_their_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event of the catalogue gets its bytes from this one function; a ping is in no catalogue."""
    written = events._body

    def checked(event_type: str, *arguments: Any, **named: Any) -> str:
        body = written(event_type, *arguments, **named)
        if event_type != events.PING:
            validator(EventType(event_type)).validate(json.loads(body))
        return body

    monkeypatch.setattr(events, "_body", checked)
