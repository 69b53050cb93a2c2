"""Every event that any unit test makes the product emit is held to its published schema."""

import json
from collections.abc import Iterator
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
def emitted_events_keep_their_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`advance` finds `describe` in its module, so every use case passes here."""
    describe = events.describe

    def checked(asset: Any, event_type: EventType, *arguments: Any, **named: Any) -> events.Event:
        event = describe(asset, event_type, *arguments, **named)
        validator(event_type).validate(json.loads(event.body))
        return event

    monkeypatch.setattr(events, "describe", checked)
    yield
