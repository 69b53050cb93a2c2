"""`sluice`: uploads that resume, a look at what became of them, and their events on your machine."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice

from sluice_client.arguments import parser
from sluice_client.choosing import thumbnail
from sluice_client.client import SluiceClient
from sluice_client.commands import FAILED, INTERRUPTED, OK, USAGE, Usage, ingest, upload
from sluice_client.errors import SluiceError
from sluice_client.listening import endless_retries, listen
from sluice_client.models import Asset, Job, PlaybackSession, as_json
from sluice_client.retries import Retries
from sluice_client.terminal import tell_asset_line, tell_error, tell_fields, tell_json, tell_note


def main(argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Returns the exit code; argparse itself leaves with 2."""
    wanted = parser().parse_args(argv)
    try:
        retries = endless_retries() if wanted.command == "listen" else None
        with _client(environment, retries) as client:
            return _run(wanted, client)
    except Usage as wrong:
        tell_note(str(wrong))
        return USAGE
    except SluiceError as error:
        tell_error(error, as_json=wanted.json)
        return FAILED
    except KeyboardInterrupt:
        tell_note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # `sluice assets list | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it leaves
        return FAILED


def _client(environment: Mapping[str, str], retries: Retries | None) -> SluiceClient:
    missing = [name for name in ("SLUICE_API_URL", "SLUICE_API_KEY") if not environment.get(name)]
    if missing:
        raise Usage(f"{' and '.join(missing)} must be set in the environment")
    try:
        return SluiceClient(environment["SLUICE_API_URL"], environment["SLUICE_API_KEY"], retries=retries)
    except ValueError as error:
        raise Usage(f"SLUICE_API_URL: {error}") from error


def _run(wanted: argparse.Namespace, client: SluiceClient) -> int:
    match (wanted.command, getattr(wanted, "action", None)):
        case ("upload", _):
            return upload(wanted, client)
        case ("ingest", _):
            return ingest(wanted, client)
        case ("thumbnail", _):
            return thumbnail(wanted, client)
        case ("listen", _):
            return listen(wanted, client)
        case ("assets", "list"):
            for asset in islice(client.list_assets(page_size=min(100, wanted.limit or 100)), wanted.limit):
                tell_json(as_json(asset)) if wanted.json else tell_asset_line(asset)
            return OK
        case ("assets", _):
            return _tell(client.get_asset(wanted.asset_id), wanted)
        case ("jobs", _):
            return _tell(client.get_job(wanted.job_id), wanted)
        case _:
            return _tell(client.create_playback_session(wanted.playback_id, ttl_s=wanted.ttl), wanted)


def _tell(found: Asset | Job | PlaybackSession, wanted: argparse.Namespace) -> int:
    record = as_json(found)
    tell_json(record) if wanted.json else tell_fields(record)
    return OK
