"""`sluice`: uploads that resume, and a look at what became of them."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sluice_client.arguments import parser
from sluice_client.client import SluiceClient
from sluice_client.errors import SluiceError
from sluice_client.models import Asset, Job, PlaybackSession, as_json
from sluice_client.parts import OnProgress, Transferred
from sluice_client.terminal import (
    failure_line,
    state_line,
    tell_asset_line,
    tell_error,
    tell_fields,
    tell_json,
    tell_note,
    transfer_bar,
)
from sluice_client.upload import UploadedFile, upload_file

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Usage(Exception):
    """The command cannot be run as it was given."""


def main(argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Returns the exit code; argparse itself leaves with 2."""
    wanted = parser().parse_args(argv)
    try:
        with _client(environment) as client:
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


def _client(environment: Mapping[str, str]) -> SluiceClient:
    missing = [name for name in ("SLUICE_API_URL", "SLUICE_API_KEY") if not environment.get(name)]
    if missing:
        raise Usage(f"{' and '.join(missing)} must be set in the environment")
    try:
        return SluiceClient(environment["SLUICE_API_URL"], environment["SLUICE_API_KEY"])
    except ValueError as error:
        raise Usage(f"SLUICE_API_URL: {error}") from error


def _run(wanted: argparse.Namespace, client: SluiceClient) -> int:
    match (wanted.command, getattr(wanted, "action", None)):
        case ("upload", _):
            return _upload(wanted, client)
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


def _upload(wanted: argparse.Namespace, client: SluiceClient) -> int:
    uploaded = _send(wanted, client)
    asset = _await(uploaded, wanted, client) if wanted.wait else None
    record: dict[str, Any] = as_json(uploaded.upload)
    record |= {"resumed": uploaded.resumed, "parts_sent": uploaded.parts_sent}
    if asset:
        record["asset"] = as_json(asset)
    if wanted.json:
        tell_json(record)
    else:
        shown = {name: record[name] for name in ("upload_id", "asset_id", "playback_id")}
        tell_fields(shown | {"state": asset.state if asset else record["state"]})
    if asset is None or asset.state == "ready":
        return OK
    tell_note(f"{asset.asset_id} is {asset.state}: {failure_line(asset.error)}")
    return FAILED


def _send(wanted: argparse.Namespace, client: SluiceClient) -> UploadedFile:
    last: list[Transferred] = []
    try:
        with transfer_bar(not wanted.json) as show:
            return upload_file(
                client,
                wanted.file,
                title=wanted.title,
                tags=wanted.tags,
                metadata=dict(wanted.metadata),
                external_id=wanted.external_id,
                concurrency=wanted.concurrency,
                on_progress=_remembering(last, show),
            )
    except (OSError, ValueError) as error:
        raise Usage(str(error)) from error
    except KeyboardInterrupt:
        done = f"{last[0].stored_bytes} of {last[0].total_bytes} bytes are stored; " if last else ""
        tell_note(f"{done}run the same command again to send the rest")
        raise


def _remembering(last: list[Transferred], show: OnProgress | None) -> OnProgress:
    def remember(now: Transferred) -> None:
        last[:] = [now]
        if show:
            show(now)

    return remember


def _await(uploaded: UploadedFile, wanted: argparse.Namespace, client: SluiceClient) -> Asset:
    asset_id = uploaded.upload.asset_id
    try:
        with state_line(not wanted.json) as show:
            return client.wait_for_asset(asset_id, on_look=show)
    except KeyboardInterrupt:
        tell_note(f"the upload is complete; see: sluice assets show {asset_id}")
        raise
