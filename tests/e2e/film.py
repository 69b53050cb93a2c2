"""One film from upload to playback, which several tests look at; and the waits that must begin early."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.demo.playing import Player
from infra.local.demo.receiver import Received
from tests.e2e.customer import Customer, Slot
from tests.e2e.stacks import Stacks

SHORT_TTL_S = 60  # the shortest session there is


@dataclass(frozen=True)
class Film:
    customer: Customer
    source: Path
    slot: Slot
    history: list[Received]
    session: dict[str, Any]  # of 60 s, opened at once
    playlist_url: str  # of its highest rendition
    media_urls: list[str]  # initialization segment, then every segment


def publish_film(customer: Customer, source: Path, player: Player) -> Film:
    slot = customer.upload(source)
    history = customer.history(slot)
    session = customer.api.call(
        "POST", "/v1/playback-sessions", {"playback_id": slot["playback_id"], "ttl_s": SHORT_TTL_S}
    )
    playlist_url = player.variants(session["hls_url"])[0].url
    return Film(customer, source, slot, history, session, playlist_url, player.media_urls(playlist_url))


@contextmanager
def deaf_to_s3(stacks: Stacks) -> Iterator[None]:
    """What S3 tells meanwhile is lost: the rule that carries it is off."""
    events = stacks.engine.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if '"uploads/"' in rule.get("EventPattern", "")]
    assert len(rules) == 1, rules
    events.disable_rule(Name=rules[0])
    try:
        yield
    finally:
        events.enable_rule(Name=rules[0])
