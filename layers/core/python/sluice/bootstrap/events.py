"""The feed of events."""

from typing import TYPE_CHECKING

from sluice import config
from sluice.adapters.clock import now
from sluice.bootstrap.deployable import records

if TYPE_CHECKING:
    from sluice.service.event_polls import PollPorts


def api_events(settings: config.ApiEventsSettings) -> "PollPorts":
    from time import sleep

    from sluice.adapters.secrets import SecretsManager, secrets_client
    from sluice.service.event_polls import PollPorts

    secrets = SecretsManager(secrets_client())
    return PollPorts(
        records=records(settings),
        cursor_key=lambda: secrets.read(settings.cursor_secret_arn).encode(),
        places=settings.waiting_places,
        sleep=sleep,
        now=now,
    )
