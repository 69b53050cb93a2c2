"""A client of the Sluice video API: typed calls, uploads that survive a broken network, webhooks that are verified."""

from sluice_client.client import SluiceClient
from sluice_client.errors import (
    ApiError,
    ConnectionFailed,
    FileChanged,
    PartRefused,
    PictureRefused,
    SluiceError,
    UnexpectedAnswer,
    UploadFailed,
    WaitedTooLong,
)
from sluice_client.events import Event
from sluice_client.feed import EventPage
from sluice_client.ingest import IngestResult, IngestSource
from sluice_client.models import (
    Asset,
    Failure,
    Job,
    JobProgress,
    JobQuality,
    PlaybackSession,
    ProfileRef,
    RenditionQuality,
)
from sluice_client.parts import Transferred
from sluice_client.retries import Retries
from sluice_client.thumbnails import Thumbnail
from sluice_client.upload import UploadedFile, upload_file
from sluice_client.upload_models import Checksum, Fetched, SignedPart, StoredPart, Upload
from sluice_client.webhooks import (
    HeaderMissing,
    NotAnEvent,
    SignatureMismatch,
    TimestampTooNew,
    TimestampTooOld,
    VerificationFailed,
    sign,
    verify,
)

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "Asset",
    "Checksum",
    "ConnectionFailed",
    "Event",
    "EventPage",
    "Failure",
    "Fetched",
    "FileChanged",
    "HeaderMissing",
    "IngestResult",
    "IngestSource",
    "Job",
    "JobProgress",
    "JobQuality",
    "NotAnEvent",
    "PartRefused",
    "PictureRefused",
    "PlaybackSession",
    "ProfileRef",
    "RenditionQuality",
    "Retries",
    "SignatureMismatch",
    "SignedPart",
    "SluiceClient",
    "SluiceError",
    "StoredPart",
    "Thumbnail",
    "TimestampTooNew",
    "TimestampTooOld",
    "Transferred",
    "UnexpectedAnswer",
    "Upload",
    "UploadFailed",
    "UploadedFile",
    "VerificationFailed",
    "WaitedTooLong",
    "sign",
    "upload_file",
    "verify",
]
