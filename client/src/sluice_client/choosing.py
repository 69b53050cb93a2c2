"""`sluice thumbnail`: what players get as poster."""

import argparse

from sluice_client.client import SluiceClient
from sluice_client.commands import FAILED, OK, Usage
from sluice_client.models import as_json
from sluice_client.terminal import failure_line, tell_fields, tell_json, tell_note
from sluice_client.thumbnails import Thumbnail


def thumbnail(wanted: argparse.Namespace, client: SluiceClient) -> int:
    if wanted.automatic:
        return _take_back(wanted.asset_id, client)
    chosen = _choose(wanted, client)
    if wanted.wait:
        chosen = client.wait_for_thumbnail(chosen)
    record = as_json(chosen)
    shown = {name: record[name] for name in ("thumbnail_id", "asset_id", "state")}
    tell_json(record) if wanted.json else tell_fields(shown)
    if chosen.state != "failed":
        return OK
    tell_note(f"{chosen.thumbnail_id} is failed: {failure_line(chosen.error)}")
    return FAILED


def _choose(wanted: argparse.Namespace, client: SluiceClient) -> Thumbnail:
    if wanted.file is None:
        return client.choose_frame(wanted.asset_id, wanted.time)
    try:
        return client.send_poster(wanted.asset_id, wanted.file)
    except OSError as error:
        raise Usage(str(error)) from error


def _take_back(asset_id: str, client: SluiceClient) -> int:
    chosen = client.get_asset(asset_id).thumbnail_id
    if chosen is None:
        tell_note(f"{asset_id} has the automatic poster")
    else:
        client.delete_thumbnail(asset_id, chosen)
    return OK
