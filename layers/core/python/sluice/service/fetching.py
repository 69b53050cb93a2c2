"""One attempt at fetching an upload from its URL: into S3 in parts, then completed as a client's upload is.

What the source or the upload's rules refuse ends the upload here, with its reason. What fails on our side is raised:
the next attempt goes on from the parts that are stored.
"""

import logging
from enum import StrEnum

from sluice.domain.errors import ErrorClass, SluiceError
from sluice.domain.models import ErrorInfo
from sluice.domain.upload import Upload
from sluice.service.fetch_copy import copy_object, is_object_url
from sluice.service.fetch_steps import FetchOver, begin, hand_over, leave, source_of
from sluice.service.fetch_stream import stream
from sluice.service.fetch_task import FetchPorts
from sluice.service.lost_fetches import free_parts
from sluice.service.settling import fail_upload

logger = logging.getLogger(__name__)


class Ending(StrEnum):
    FETCHED = "fetched"
    REFUSED = "refused"
    NOTHING_TO_DO = "nothing_to_do"  # the upload is settled, or another task is at it


def fetch(*, tenant_id: str, upload_id: str, ports: FetchPorts) -> Ending:
    """Raises what failed on our side."""
    upload = begin(tenant_id=tenant_id, upload_id=upload_id, ports=ports)
    if upload is None:
        return Ending.NOTHING_TO_DO
    try:
        take = copy_object if is_object_url(source_of(upload).url) else stream
        stored, size_bytes = take(upload, ports)
        hand_over(stored, size_bytes, ports)
    except FetchOver as over:
        leave(over.upload, ports)
        return Ending.NOTHING_TO_DO
    except SluiceError as error:
        if error.error_class is ErrorClass.PROVIDER:
            raise
        refuse(upload, error, ports)
        return Ending.REFUSED
    ports.queue.send(tenant_id=tenant_id, upload_id=upload_id)
    return Ending.FETCHED


def refuse(upload: Upload, error: SluiceError, ports: FetchPorts) -> None:
    """The upload and its asset fail, and nothing stays stored."""
    logger.info("fetch_refused", extra={"code": error.code, "detail": error.detail})
    failed = fail_upload(
        tenant_id=upload.tenant_id,
        upload_id=upload.id,
        error=ErrorInfo.of(error),
        environment=ports.environment,
        records=ports.records,
        new_id=ports.new_id,
        now=ports.now,
    )
    free_parts(failed, ports.objects)
