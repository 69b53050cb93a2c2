"""A client of the Sluice video API: typed calls, and uploads that survive a broken network and a killed process."""

from sluice_client.client import SluiceClient
from sluice_client.errors import (
    ApiError,
    ConnectionFailed,
    FileChanged,
    PartRefused,
    SluiceError,
    UnexpectedAnswer,
    UploadFailed,
    WaitedTooLong,
)
from sluice_client.ingest import IngestResult, IngestSource
from sluice_client.models import Asset, Failure, Job, JobProgress, PlaybackSession
from sluice_client.parts import Transferred
from sluice_client.retries import Retries
from sluice_client.upload import UploadedFile, upload_file
from sluice_client.upload_models import Checksum, Fetched, SignedPart, StoredPart, Upload

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "Asset",
    "Checksum",
    "ConnectionFailed",
    "Failure",
    "Fetched",
    "FileChanged",
    "IngestResult",
    "IngestSource",
    "Job",
    "JobProgress",
    "PartRefused",
    "PlaybackSession",
    "Retries",
    "SignedPart",
    "SluiceClient",
    "SluiceError",
    "StoredPart",
    "Transferred",
    "UnexpectedAnswer",
    "Upload",
    "UploadFailed",
    "UploadedFile",
    "WaitedTooLong",
    "upload_file",
]
