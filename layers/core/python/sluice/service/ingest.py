"""Assets from URLs: a slot that a task of ours fills. The task is started here, and by `reconcile` if that is lost."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sluice.domain.errors import ProviderFailure
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.service.fetch_ports import Fetches, IngestSources
from sluice.service.upload_access import Caller, SlotPorts
from sluice.service.upload_slots import NewUpload, create_upload

logger = logging.getLogger(__name__)

STARTS_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class IngestPorts(SlotPorts):
    fetches: Fetches
    sources: IngestSources


def ingest(command: NewUpload, *, caller: Caller, ports: IngestPorts) -> Upload:
    """Raises UrlNotAllowed, SourceHeaderNotAllowed, and what `create_upload` raises."""
    check_source(command, ports, resolve=True)
    upload = create_upload(command, caller=caller, ports=ports)
    _start(upload, ports)
    return upload


def check_source(command: NewUpload, ports: IngestPorts, *, resolve: bool) -> None:
    assert command.source is not None  # noqa: S101  # what is ingested has one
    ports.sources.check(command.source.url, command.source.headers, resolve=resolve)


def start_all(uploads: Sequence[Upload], ports: IngestPorts, *, until: datetime) -> None:
    """As many as there is time for."""

    def start(upload: Upload) -> None:
        if ports.now() < until:
            _start(upload, ports)

    with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
        list(pool.map(start, uploads))


def _start(upload: Upload, ports: IngestPorts) -> None:
    """Its rows exist, so a start that fails is no error to the caller: `reconcile` repeats it within minutes."""
    if upload.state is not UploadState.OPEN:
        return
    try:
        ports.fetches.start(upload)
    except ProviderFailure:
        logger.warning("fetch_not_started", extra={"upload_id": upload.id})
