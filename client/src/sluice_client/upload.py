"""A file becomes an upload: begun, resumed after whatever interrupted it, and completed."""

import mimetypes
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from sluice_client.checksums import crc32c
from sluice_client.client import SluiceClient
from sluice_client.errors import ApiError, FileChanged, PartRefused, SluiceError, UploadFailed
from sluice_client.parts import OnProgress, PartSender, Tally
from sluice_client.state import Resumable, Source, StateFile, default_state_path
from sluice_client.upload_models import Checksum, SignedPart, Upload

ROUNDS = 3  # parts that S3 acknowledged and then does not have are sent again, but not for ever
STARTS = 3  # an upload that is gone is replaced, but not for ever
ALIVE = ("open", "completing", "complete")
GONE = frozenset({"upload_expired", "upload_closed", "upload_not_found", "NoSuchUpload"})
GONE |= frozenset(f"upload_{state}" for state in ("aborted", "failed"))
USED_UP = GONE | {"idempotency_key_reused"}  # the file is described differently now, or what the key made is gone
UNFINISHED = frozenset({"upload_incomplete", "upload_size_mismatch"})
CONTENT_TYPES = ("video/", "audio/")


@dataclass(frozen=True)
class UploadedFile:
    upload: Upload
    resumed: bool  # an earlier run had begun it
    parts_sent: int  # by this run


def upload_file(
    client: SluiceClient,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    tags: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
    external_id: str | None = None,
    intake_policy_id: str | None = None,
    creator_id: str | None = None,
    upload_ttl_s: int | None = None,
    transcode: Literal["auto", "none"] | None = None,
    encoding_profile_id: str | None = None,
    checksum: bool = False,
    concurrency: int = 4,
    state_path: str | os.PathLike[str] | None = None,
    on_progress: OnProgress | None = None,
) -> UploadedFile:
    """Send a file and join its parts. Called again after any failure it sends what is missing.

    What an upload is called and held to is settled when it begins: `title` and the like do not change a resumed one.
    With `checksum` the file is read once more, beforehand; that needs the extra `sluice-client[checksum]`.
    `on_progress` is called from several threads, one at a time.
    Raises OSError, ValueError (no file), ImportError, FileChanged, PartRefused, UploadFailed, and as SluiceClient does.
    """
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    source = Source.of(Path(path))
    described: dict[str, Any] = {"filename": Path(path).name, "content_type": _content_type(source.path)}
    described |= {"title": title, "external_id": external_id, "tags": tags, "metadata": metadata}
    described |= {"intake_policy_id": intake_policy_id, "creator_id": creator_id}
    described |= {"upload_ttl_s": upload_ttl_s, "transcode": transcode, "encoding_profile_id": encoding_profile_id}
    state = StateFile(Path(state_path) if state_path else default_state_path(source, client.base_url))
    return _FileUpload(client, source, described, checksum, state, concurrency, Tally(source.size, on_progress)).run()


def _content_type(name: str) -> str | None:
    """As the name says; None where the API shall assume."""
    guessed, _ = mimetypes.guess_type(name)
    return guessed if guessed and guessed.startswith(CONTENT_TYPES) else None


@dataclass
class _FileUpload:
    client: SluiceClient
    source: Source
    described: Mapping[str, Any]
    checksummed: bool
    state: StateFile
    concurrency: int
    tally: Tally
    _resumed: bool = field(default=False, init=False)

    def run(self) -> UploadedFile:
        for start in range(1, STARTS + 1):
            upload = self._begun() or self._begin()
            try:
                done = self._finish(upload)
            except FileChanged:
                self._give_up(upload.upload_id)
                self.state.remove()
                raise
            except (ApiError, PartRefused, UploadFailed) as error:
                if error.code not in GONE or start == STARTS:
                    raise
                self._forget_unless_joined(upload.upload_id)
            else:
                self.state.remove()
                return UploadedFile(done, self._resumed, self.tally.parts)
        raise AssertionError("unreachable")  # pragma: no cover

    # ---------------------------------------------------------------- which upload

    def _begun(self) -> Upload | None:
        """The upload of an earlier run, if it can still be finished."""
        saved = self.state.read()
        if saved is None or saved.upload_id is None or not saved.is_of(self.source, self.client.base_url):
            return None
        if saved.source != self.source:  # the file was changed since: nobody will ever finish that upload
            self._give_up(saved.upload_id)
            return None
        upload = self._found(saved.upload_id)
        self.checksummed = saved.checksummed if upload else self.checksummed
        self._resumed = upload is not None
        return upload

    def _begin(self) -> Upload:
        """A new upload. Its key is on disk before it is asked for, so that a process that dies here makes no second."""
        saved = self.state.read()
        if saved and (saved.upload_id, saved.source, saved.base_url) == (None, self.source, self.client.base_url):
            try:
                upload = self._create(replace(saved, checksummed=self.checksummed))
            except ApiError as error:
                if error.code not in USED_UP:
                    raise
            else:
                if upload.state in ALIVE:
                    return upload
        key = str(uuid.uuid4())
        return self._create(Resumable(self.source, self.client.base_url, key, checksummed=self.checksummed))

    def _create(self, resumable: Resumable) -> Upload:
        checksum = Checksum("crc32c", crc32c(Path(self.source.path))) if self.checksummed else None
        self.state.write(resumable)
        upload = self.client.create_upload(
            self.source.size, checksum=checksum, idempotency_key=resumable.idempotency_key, **self.described
        )
        self.state.write(replace(resumable, upload_id=upload.upload_id))
        self._resumed = False
        return upload

    def _found(self, upload_id: str) -> Upload | None:
        try:
            upload = self.client.get_upload(upload_id)
        except ApiError as error:
            if error.code in GONE:
                return None
            raise
        return upload if upload.state in ALIVE else None

    def _forget_unless_joined(self, upload_id: str) -> None:
        """Someone else may have completed it; an open one that S3 or the API no longer takes parts for is lost."""
        upload = self._found(upload_id)
        if upload is None or upload.state == "open":
            self.state.remove()

    def _give_up(self, upload_id: str) -> None:
        """Its parts cost money until it expires; failing to say so harms nothing else."""
        with suppress(SluiceError):
            self.client.abort_upload(upload_id)

    # ---------------------------------------------------------------- what is missing

    def _finish(self, upload: Upload) -> Upload:
        if upload.state != "open":
            with suppress(_Unfinished):
                return self._completed(upload)
        sender = self._sender(upload)
        missing = self._missing(upload) if self._resumed else list(range(1, upload.part_count + 1))
        for rounds in range(1, ROUNDS + 1):
            sender.send(missing)
            self.source.check_unchanged()
            try:
                return self._completed(upload)
            except _Unfinished as unfinished:
                if rounds == ROUNDS:
                    raise unfinished.error from None
            missing = self._missing(upload)
        raise AssertionError("unreachable")  # pragma: no cover

    def _sender(self, upload: Upload) -> PartSender:
        return PartSender(
            Path(self.source.path),
            upload.part_size,
            lambda numbers: self._signed(upload, numbers),
            concurrency=self.concurrency,
            retries=self.client.retries,
            tally=self.tally,
        )

    def _signed(self, upload: Upload, numbers: Sequence[int]) -> list[SignedPart]:
        checksums = {number: self._part_checksum(upload, number) for number in numbers if self.checksummed}
        return self.client.sign_parts(upload.upload_id, numbers, checksums=checksums)

    def _part_checksum(self, upload: Upload, number: int) -> str:
        return crc32c(Path(self.source.path), (number - 1) * upload.part_size, upload.length_of(number))

    def _missing(self, upload: Upload) -> list[int]:
        """Parts that S3 does not hold, or not whole."""
        stored = {part.part_number: part.size_bytes for part in self.client.list_parts(upload.upload_id)}
        numbers = range(1, upload.part_count + 1)
        missing = [number for number in numbers if stored.get(number) != upload.length_of(number)]
        self.tally.start_at(self.source.size - sum(map(upload.length_of, missing)))
        return missing

    def _completed(self, upload: Upload) -> Upload:
        try:
            return self.client.complete_upload(upload.upload_id)
        except (ApiError, UploadFailed) as error:
            if error.code in UNFINISHED:
                raise _Unfinished(error) from error
            raise


class _Unfinished(Exception):
    """The upload is open again, because a part is missing."""

    def __init__(self, error: ApiError | UploadFailed) -> None:
        super().__init__(str(error))
        self.error = error
