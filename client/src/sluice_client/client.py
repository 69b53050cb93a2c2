"""The API's calls, typed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from sluice_client.feed import EventPage
from sluice_client.ingest import IngestResult, IngestSource
from sluice_client.models import Asset, Job, PlaybackSession
from sluice_client.thumbnails import ThumbnailCalls
from sluice_client.transport import Answer, given
from sluice_client.upload_models import Checksum, SignedPart, StoredPart, Upload
from sluice_client.waiting import joined

SIGNED_AT_ONCE = INGESTED_AT_ONCE = 1000  # the API's limits
SETTLED = ("ready", "failed", "archived", "deleted")  # states that no waiting changes


class SluiceClient(ThumbnailCalls):
    """Safe to share between threads. Every call raises ApiError, ConnectionFailed or UnexpectedAnswer."""

    # ---------------------------------------------------------------- uploads

    def create_upload(
        self,
        size_bytes: int,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        title: str | None = None,
        external_id: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
        intake_policy_id: str | None = None,
        creator_id: str | None = None,
        upload_ttl_s: int | None = None,
        transcode: Literal["auto", "none"] | None = None,
        encoding_profile_id: str | None = None,
        checksum: Checksum | None = None,
        idempotency_key: str | None = None,
    ) -> Upload:
        """Reserve an upload. Without a key of the caller's one is made up, so that a repeated call makes one upload."""
        body: dict[str, Any] = {
            "size_bytes": size_bytes,
            "filename": filename,
            "content_type": content_type,
            "title": title,
            "external_id": external_id,
            "tags": list(tags),
            "metadata": dict(metadata or {}),
            "intake_policy_id": intake_policy_id,
            "creator_id": creator_id,
            "upload_ttl_s": upload_ttl_s,
            "transcode": transcode,
            "encoding_profile_id": encoding_profile_id,
            "checksum": asdict(checksum) if checksum else None,
        }
        return self._make("/v1/uploads", given(body), idempotency_key).read(Upload.of)

    def get_upload(self, upload_id: str) -> Upload:
        return self._transport.call("GET", f"/v1/uploads/{upload_id}").read(Upload.of)

    def sign_parts(
        self, upload_id: str, part_numbers: Sequence[int], *, checksums: Mapping[int, str] | None = None
    ) -> list[SignedPart]:
        """URLs that live for minutes: sign shortly before sending.

        `checksums`, by part number, are of the upload's algorithm; one that was made with a CRC32C needs them all.
        """
        signed: list[SignedPart] = []
        for start in range(0, len(part_numbers), SIGNED_AT_ONCE):
            numbers = part_numbers[start : start + SIGNED_AT_ONCE]
            known = {str(number): checksums[number] for number in numbers if number in checksums} if checksums else {}
            page = given({"part_numbers": list(numbers), "checksums": known})
            answer = self._transport.call("POST", f"/v1/uploads/{upload_id}/parts", page)
            signed += answer.read(lambda body: [SignedPart.of(one) for one in body["data"]])
        return signed

    def list_parts(self, upload_id: str) -> list[StoredPart]:
        """What the storage holds."""
        answer = self._transport.call("GET", f"/v1/uploads/{upload_id}/parts")
        return answer.read(lambda body: [StoredPart.of(one) for one in body["data"]])

    def complete_upload(self, upload_id: str, *, timeout_s: float = 3600.0) -> Upload:
        """Join the parts, and wait until they are joined.

        Raises ApiError (`upload_incomplete`: a part is missing), UploadFailed, WaitedTooLong.
        """
        answer = self._transport.call("POST", f"/v1/uploads/{upload_id}/complete")
        upload, place = answer.read(Upload.of), self._place(answer, upload_id)
        for _ in self._looks(timeout_s, f"{upload_id} is still being joined"):
            if upload.state != "completing":
                break
            upload = self._transport.call("GET", place).read(Upload.of)
        return joined(upload)

    def wait_for_upload(
        self, upload_id: str, *, timeout_s: float = 86400.0, on_look: Callable[[Upload], None] | None = None
    ) -> Upload:
        """The upload as soon as its object is joined, whoever sends it. Raises UploadFailed, WaitedTooLong."""
        for _ in self._looks(timeout_s, f"{upload_id} is not complete"):
            upload = self.get_upload(upload_id)
            if on_look:
                on_look(upload)
            if upload.state not in ("open", "completing"):
                break
        return joined(upload)

    def _place(self, answer: Answer, upload_id: str) -> str:
        """Where to look after a 202; a path of this API only, because the key goes there."""
        location = answer.headers.get("Location", "").removeprefix(self.base_url)
        is_path = location.startswith("/") and not location.startswith("//")
        return location if is_path else f"/v1/uploads/{upload_id}"

    def abort_upload(self, upload_id: str) -> None:
        """Give it up; its asset and parts go with it."""
        self._transport.call("DELETE", f"/v1/uploads/{upload_id}")

    # ---------------------------------------------------------------- fetched from a URL

    def ingest(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        title: str | None = None,
        external_id: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
        intake_policy_id: str | None = None,
        creator_id: str | None = None,
        transcode: Literal["auto", "none"] | None = None,
        encoding_profile_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Asset:
        """Have a file fetched; `wait_for_upload(asset.upload_id)` waits until it is there."""
        source = IngestSource(
            url,
            headers,
            title,
            external_id,
            tags,
            metadata,
            intake_policy_id,
            creator_id,
            transcode,
            encoding_profile_id,
        )
        return self._make("/v1/assets", source.body(), idempotency_key).read(Asset.of)

    def ingest_batch(self, sources: Sequence[IngestSource]) -> list[IngestResult]:
        """Have many files fetched. Each has its own result, in the order given: some may be refused, others not."""
        results: list[IngestResult] = []
        for first in range(0, len(sources), INGESTED_AT_ONCE):
            page = [source.body() for source in sources[first : first + INGESTED_AT_ONCE]]
            answer = self._make("/v1/assets:batch", {"assets": page})
            results += answer.read(lambda body: [IngestResult.of(one, first=first) for one in body["data"]])  # noqa: B023
        return results

    # ---------------------------------------------------------------- what became of them

    def get_asset(self, asset_id: str) -> Asset:
        return self._transport.call("GET", f"/v1/assets/{asset_id}").read(Asset.of)

    def list_assets(self, *, page_size: int = 100) -> Iterator[Asset]:
        """All of them, newest first; a page is asked for when it is reached."""
        query = {"limit": str(page_size)}
        while True:
            answer = self._transport.call("GET", "/v1/assets", query=query)
            yield from answer.read(lambda body: [Asset.of(one) for one in body["data"]])
            cursor = answer.read(lambda body: body["next_cursor"])
            if not cursor:
                return
            query["cursor"] = str(cursor)

    def wait_for_asset(
        self,
        asset_id: str,
        *,
        until: Collection[str] = SETTLED,
        timeout_s: float = 86400.0,
        on_look: Callable[[Asset], None] | None = None,
    ) -> Asset:
        """The asset as soon as it is in one of these states. For scripts: applications get a webhook.

        What is not transcoded never gets beyond `uploaded`. Raises WaitedTooLong.
        """
        for _ in self._looks(timeout_s, f"{asset_id} is not ready"):
            asset = self.get_asset(asset_id)
            if on_look:
                on_look(asset)
            if asset.state in until:
                break
        return asset

    def get_job(self, job_id: str) -> Job:
        return self._transport.call("GET", f"/v1/jobs/{job_id}").read(Job.of)

    def create_playback_session(self, playback_id: str, *, ttl_s: int = 300) -> PlaybackSession:
        body = {"playback_id": playback_id, "ttl_s": ttl_s}
        return self._transport.call("POST", "/v1/playback-sessions", body).read(PlaybackSession.of)

    def list_events(
        self,
        *,
        after: str | None = None,
        types: Sequence[str] = (),
        asset_id: str | None = None,
        limit: int = 100,
        wait_s: int = 0,
    ) -> EventPage:
        """Events behind the cursor `after`, in order; `latest`: none, but the end's cursor; None: from the oldest."""
        query = given({"after": after, "types": ",".join(types) or None, "asset_id": asset_id})
        answer = self._transport.call("GET", "/v1/events", query=query | {"limit": str(limit), "wait_s": str(wait_s)})
        return answer.read(lambda _: EventPage.of(answer.content))
