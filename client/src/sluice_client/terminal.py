"""What the command line prints: JSON for scripts, lines for people, a bar while something takes its time."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sluice_client.errors import ApiError, SluiceError
from sluice_client.events import Event
from sluice_client.forwarding import Forwarded
from sluice_client.models import Asset, Failure
from sluice_client.parts import OnProgress
from sluice_client.upload_models import Upload


def printable(text: object) -> str:
    """Titles are a stranger's words: no control characters to the terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(text))


def tell_json(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def tell_fields(record: dict[str, Any]) -> None:
    """One a line, without those that are empty."""
    for name, value in record.items():
        if value not in (None, "", [], {}):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"{name:<16}{printable(shown)}")


def tell_asset_line(asset: Asset) -> None:
    moment = asset.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    print("\t".join((asset.asset_id, asset.state, moment, printable(asset.title or asset.external_id or ""))))


def tell_forwarded(event: Event, forwarded: Forwarded, *, as_json: bool) -> None:
    asset_id = event.data.get("asset_id")
    latency_ms = round(forwarded.latency_s * 1000)
    if as_json:
        about = {"event_id": event.id, "type": event.type, "asset_id": asset_id, "status": forwarded.status}
        tell_json(about | {"problem": forwarded.problem, "latency_ms": latency_ms, "attempts": forwarded.attempts})
        return
    answer = forwarded.problem if forwarded.status is None else forwarded.status
    tried = [f"attempt {forwarded.attempts}"] if forwarded.attempts > 1 else []
    words = (event.type, event.id, asset_id or "-", answer, f"{latency_ms} ms", *tried)
    print("\t".join(map(printable, words)), flush=True)


def tell_note(text: str) -> None:
    """For a person, beside the output."""
    print(f"sluice: {printable(text)}", file=sys.stderr)


def tell_error(error: SluiceError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": _error_record(error)}), file=sys.stderr)
        return
    request = f" (request {error.request_id})" if isinstance(error, ApiError) and error.request_id else ""
    tell_note(f"{error}{request}")


def _error_record(error: SluiceError) -> dict[str, Any]:
    record = {"type": type(error).__name__, "detail": str(error)}
    if isinstance(error, ApiError):
        details = {"status": error.status, "code": error.code, "detail": error.detail, "request_id": error.request_id}
        return record | details | {"retryable": error.retryable, "errors": list(error.errors)}
    return record | {"code": code} if (code := getattr(error, "code", "")) else record


def failure_line(failure: Failure | None) -> str:
    return f"{failure.code}: {failure.message}" if failure else "without a reason"


@contextmanager
def transfer_bar(wanted: bool) -> Iterator[OnProgress | None]:
    """On a terminal only."""
    with _bytes_bar("upload", wanted) as show:
        yield None if show is None else lambda now: show(now.sent_bytes, now.total_bytes)


@contextmanager
def fetch_bar(wanted: bool) -> Iterator[Callable[[Upload], None] | None]:
    """How far a fetch from a URL is, as long as one waits for it; on a terminal only."""
    with _bytes_bar("fetch", wanted) as show:

        def look(upload: Upload) -> None:
            if show and upload.progress:
                show(upload.progress.bytes, upload.progress.total)

        yield look if show else None


@contextmanager
def _bytes_bar(label: str, wanted: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    # Imported late: scripts that show no bar start twice as fast.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(label, *columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


@contextmanager
def state_line(wanted: bool) -> Iterator[Callable[[Asset], None] | None]:
    """The asset's state, as long as one waits for it; on a terminal only."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("waiting") as status:
        yield lambda asset: status.update(asset.state)
