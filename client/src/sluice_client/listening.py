"""`sluice listen`: the feed, forwarded to an address of the developer's own until Ctrl-C."""

import argparse
import sys

from sluice_client.client import SluiceClient
from sluice_client.commands import OK, Usage
from sluice_client.errors import UnexpectedAnswer
from sluice_client.events import Event
from sluice_client.feed import EventPage
from sluice_client.forwarding import Forwarder, new_secret
from sluice_client.retries import Retries
from sluice_client.terminal import tell_forwarded, tell_note

OLDEST = "oldest"  # the API's word for it is no cursor at all
PAGE = 10  # as many may come once more in a run that goes on from the cursor of an interrupted one
WAIT_S = 20  # the API's limit


def endless_retries() -> Retries:
    """A laptop may be offline for a night."""
    return Retries(attempts=sys.maxsize, told=lambda error, delay_s: tell_note(f"{error}; again in {delay_s:.1f} s"))


def listen(wanted: argparse.Namespace, client: SluiceClient) -> int:
    """Returns at Ctrl-C. Raises Usage, and SluiceError for what no waiting changes."""
    forwarder = _forwarder(wanted)
    cursor: str | None = None
    after = None if wanted.after == OLDEST else wanted.after
    wait_s = 0  # the first answer comes at once: no event behind its cursor is missed from then on
    try:
        while True:
            page = client.list_events(after=after, types=wanted.types, asset_id=wanted.asset, limit=PAGE, wait_s=wait_s)
            if cursor is None:
                tell_note(f"forwarding to {wanted.forward_to}; Ctrl-C ends it")
            _forward(page, forwarder, as_json=wanted.json)
            after = cursor = page.next_cursor
            wait_s = WAIT_S
    except KeyboardInterrupt:
        return OK
    finally:
        if cursor is not None:
            tell_note(f"to go on from here: --after {cursor}")


def _forwarder(wanted: argparse.Namespace) -> Forwarder:
    secret = wanted.secret or new_secret()
    try:
        forwarder = Forwarder(wanted.forward_to, secret)
    except ValueError as error:
        raise Usage(str(error)) from error
    if not wanted.secret:
        tell_note(f"signing with {secret}")
    return forwarder


def _forward(page: EventPage, forwarder: Forwarder, *, as_json: bool) -> None:
    for body in page.bodies:
        try:
            event = Event.of(body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnexpectedAnswer(f"an event without the expected fields ({type(error).__name__})") from error
        tell_forwarded(event, forwarder.forward(event.id, body), as_json=as_json)
