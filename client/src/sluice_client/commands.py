"""`sluice upload` and `sluice ingest`: what they send, what they wait for, what they tell."""

import argparse
from typing import Any

from sluice_client.client import SETTLED, SluiceClient
from sluice_client.models import Asset, as_json
from sluice_client.parts import OnProgress, Transferred
from sluice_client.terminal import (
    failure_line,
    fetch_bar,
    state_line,
    tell_fields,
    tell_json,
    tell_note,
    transfer_bar,
)
from sluice_client.upload import UploadedFile, upload_file
from sluice_client.upload_models import Upload

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit codes


class Usage(Exception):
    """The command cannot be run as it was given."""


def upload(wanted: argparse.Namespace, client: SluiceClient) -> int:
    uploaded = _send(wanted, client)
    asset = _await(uploaded.upload, wanted, client) if wanted.wait else None
    record: dict[str, Any] = as_json(uploaded.upload)
    record |= {"resumed": uploaded.resumed, "parts_sent": uploaded.parts_sent}
    if asset:
        record["asset"] = as_json(asset)
    shown = {name: record[name] for name in ("upload_id", "asset_id", "playback_id")}
    shown["state"] = asset.state if asset else record["state"]
    tell_json(record) if wanted.json else tell_fields(shown)
    return _end(asset, uploaded.upload) if asset else OK


def ingest(wanted: argparse.Namespace, client: SluiceClient) -> int:
    asset = client.ingest(wanted.url, headers=dict(wanted.headers), **_described(wanted))
    if wanted.wait:
        fetched = _fetched(asset, wanted, client)
        asset = _await(fetched, wanted, client)
    record = as_json(asset)
    shown = {name: record[name] for name in ("upload_id", "asset_id", "playback_ids", "state")}
    tell_json(record) if wanted.json else tell_fields(shown)
    return _end(asset, fetched) if wanted.wait else OK


def _described(wanted: argparse.Namespace) -> dict[str, Any]:
    return {
        "title": wanted.title,
        "tags": wanted.tags,
        "metadata": dict(wanted.metadata),
        "external_id": wanted.external_id,
        "intake_policy_id": wanted.policy,
        "encoding_profile_id": wanted.profile,
        "creator_id": wanted.creator,
        "transcode": "none" if wanted.no_transcode else None,
    }


def _send(wanted: argparse.Namespace, client: SluiceClient) -> UploadedFile:
    last: list[Transferred] = []
    try:
        with transfer_bar(not wanted.json) as show:
            return upload_file(
                client,
                wanted.file,
                upload_ttl_s=wanted.ttl,
                checksum=wanted.checksum,
                concurrency=wanted.concurrency,
                on_progress=_remembering(last, show),
                **_described(wanted),
            )
    except ImportError as error:
        raise Usage("--checksum needs an extra: pip install 'sluice-client[checksum]'") from error
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


def _fetched(asset: Asset, wanted: argparse.Namespace, client: SluiceClient) -> Upload:
    try:
        with fetch_bar(not wanted.json) as show:
            return client.wait_for_upload(asset.upload_id, on_look=show)
    except KeyboardInterrupt:
        tell_note(f"it goes on without you; see: sluice assets show {asset.asset_id}")
        raise


def _await(upload: Upload, wanted: argparse.Namespace, client: SluiceClient) -> Asset:
    try:
        with state_line(not wanted.json) as show:
            return client.wait_for_asset(upload.asset_id, until=(*SETTLED, _done(upload)), on_look=show)
    except KeyboardInterrupt:
        tell_note(f"the file has arrived; see: sluice assets show {upload.asset_id}")
        raise


def _done(upload: Upload) -> str:
    """What is not transcoded never gets further."""
    return "uploaded" if upload.transcode == "none" else "ready"


def _end(asset: Asset, upload: Upload) -> int:
    if asset.state == _done(upload):
        return OK
    tell_note(f"{asset.asset_id} is {asset.state}: {failure_line(asset.error)}")
    return FAILED
