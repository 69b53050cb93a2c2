"""The API and S3 as one loopback server, which fails where a test says so."""

import json
import re
from collections.abc import Callable
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.client.feed import Feed
from tests.client.posters import Posters
from tests.client.server import LOOPBACK, Answer, Fault, Refused, Seen, Server
from tests.client.slot import CRC_HEADER, Progress, Slot, crc32c
from tests.client.views import asset_view, job_view, problem, session_view, upload_view

KEY = "sk_local_made-up"
PART = 64 * 1024


class Cloud:
    def __init__(self, part_size: int = PART) -> None:
        self.part_size = part_size
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.slots: dict[str, Slot] = {}
        self.asset_states: list[str] = ["ready"]  # what looking at an asset shows, one after the other; the last stays
        self.completion_looks = 0
        self.fetches: list[Progress] = []
        self.fetch_fails = False
        self.url_era = self.oldest_url = 0  # URLs of an era before `oldest_url` have expired
        self.before_answer: Callable[[str], None] = lambda line: None
        self.feed = Feed()
        self.posters = Posters()
        self.crashes: list[BaseException] = []
        self._keys: dict[str, tuple[dict[str, Any], str]] = {}
        self._lock = Lock()
        self._busy, self._changed = 0, Condition()
        self._server = Server(self)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def only(self) -> Slot:
        [slot] = self.slots.values()
        return slot

    def count(self, pattern: str) -> int:
        return sum(bool(re.search(pattern, one.line)) for one in self.seen)

    def expire_urls(self) -> None:
        """Those signed so far."""
        self.url_era += 1
        self.oldest_url = self.url_era

    def serving(self, change: int) -> None:
        with self._changed:
            self._busy += change
            self._changed.notify_all()

    def wait_until_idle(self) -> None:
        """The connections of a client that ended are closed, and what it had sent is worked off."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._busy == 0, timeout=60)

    def fault(self, line: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.on, line):
                    fault.times -= 1
                    return fault
        return None

    # ---------------------------------------------------------------- answers

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if path == "/v1/events" and headers.get("authorization") == f"Bearer {KEY}":
            return self.feed.answer(query)  # without the lock: it may wait
        with self._lock:
            if path.startswith("/pictures/"):
                return self.posters.put(path, headers, body)
            if path.startswith("/s3/"):
                return self._put_part(path, query, headers, body)
            if headers.get("authorization") != f"Bearer {KEY}":
                raise Refused(401, "unauthenticated")
            given = json.loads(body) if body else {}
            if "/thumbnails" in path:
                return self.posters.answer(method, path.split("/")[3:], given, self.url)
            return self._api(method, path.split("/")[2:], query, headers, given)

    def _put_part(self, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> Answer:
        _, _, upload_id, number = path.split("/")
        slot = self.slots[upload_id]
        signed = headers.get(CRC_HEADER) == slot.checksums.get(int(number)) and "transfer-encoding" not in headers
        if int(query["era"][0]) < self.oldest_url or not signed:
            return 403, b"<Error><Code>AccessDenied</Code></Error>", {}
        if slot.state != "open":
            return 404, b"<Error><Code>NoSuchUpload</Code></Error>", {}
        if len(body) != slot.length_of(int(number)):
            return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", {}
        if CRC_HEADER in headers and headers[CRC_HEADER] != crc32c(body):
            return 400, b"<Error><Code>BadDigest</Code></Error>", {}
        slot.parts[int(number)] = body
        slot.stores[int(number)] += 1
        return 200, b"", {"ETag": '"etag"'}

    def _api(self, method: str, path: list[str], query: dict[str, list[str]], headers: Any, body: Any) -> Answer:
        match (method, *path):
            case ("POST", "uploads"):
                return self._create(headers.get("idempotency-key", ""), body)
            case ("POST", "assets"):
                return 201, self._fetch(body), {}
            case ("POST", "assets:batch"):
                return 200, {"data": [self._batched(index, one) for index, one in enumerate(body["assets"])]}, {}
            case (_, "uploads", upload_id, *rest):
                if upload_id not in self.slots:
                    raise Refused(404, "upload_not_found")
                return self._upload(method, self.slots[upload_id], rest, body)
            case ("GET", "assets"):
                return self._assets(int(query.get("limit", ["25"])[0]), int(query.get("cursor", ["0"])[0]))
            case ("GET", "assets", asset_id):
                state = self.asset_states.pop(0) if len(self.asset_states) > 1 else self.asset_states[0]
                return 200, asset_view(asset_id, state) | {"thumbnail_id": self.posters.shown}, {}
            case ("GET", "jobs", job_id):
                return 200, job_view(job_id), {}
            case ("POST", "playback-sessions"):
                return 201, session_view(body["playback_id"]), {}
        raise Refused(404, "route_not_found")

    def _create(self, key: str, body: dict[str, Any]) -> Answer:
        if key in self._keys:
            known, upload_id = self._keys[key]
            if known != body:
                raise Refused(422, "idempotency_key_reused")
            return 201, upload_view(self.slots[upload_id]), {"Idempotent-Replayed": "true"}
        slot = Slot(f"upl_{len(self.slots) + 1}", body, self.part_size)
        self.slots[slot.upload_id] = slot
        self._keys[key] = (body, slot.upload_id)
        return 201, upload_view(slot), {}

    def _fetch(self, body: dict[str, Any]) -> dict[str, Any]:
        slot = Slot(f"upl_{len(self.slots) + 1}", body, self.part_size, fetches=list(self.fetches))
        self.slots[slot.upload_id] = slot
        return asset_view(slot.upload_id.replace("upl", "ast"), "ingesting")

    def _batched(self, index: int, body: dict[str, Any]) -> dict[str, Any]:
        if body["input"]["url"].startswith("https://10."):
            return {"index": index, "status": 422, "asset": None, "error": problem(422, "url_not_allowed")}
        return {"index": index, "status": 201, "asset": self._fetch(body), "error": None}

    def _assets(self, limit: int, start: int) -> Answer:
        ids = [f"ast_{number}" for number in range(250)]
        following = str(start + limit) if start + limit < len(ids) else None
        return 200, {"data": [asset_view(one) for one in ids[start : start + limit]], "next_cursor": following}, {}

    def _upload(self, method: str, slot: Slot, rest: list[str], body: dict[str, Any]) -> Answer:
        match (method, *rest):
            case ("GET",):
                return 200, upload_view(self._looked_at(slot)), {}
            case ("DELETE",):
                slot.state = "aborted"
                return 204, None, {}
            case ("POST", "complete"):
                return self._complete(slot)
        if slot.state != "open":
            raise Refused(409, "upload_expired" if slot.state == "expired" else "upload_closed")
        if method == "GET":
            held = sorted(slot.parts.items())
            return 200, {"data": [{"part_number": n, "size_bytes": len(b), "etag": "e"} for n, b in held]}, {}
        slot.checksums |= {int(number): value for number, value in body.get("checksums", {}).items()}
        if slot.crc32c and not slot.checksums.keys() >= set(body["part_numbers"]):
            raise Refused(422, "part_checksum_missing")
        return 200, {"data": [self._signed(slot, number) for number in body["part_numbers"]]}, {}

    def _signed(self, slot: Slot, number: int) -> dict[str, Any]:
        url = f"{self.url}/s3/{slot.upload_id}/{number}?era={self.url_era}&X-Amz-Signature=secret"
        headers = {CRC_HEADER: slot.checksums[number]} if number in slot.checksums else {}
        return {"part_number": number, "url": url, "content_length": slot.length_of(number), "headers": headers}

    def _complete(self, slot: Slot) -> Answer:
        if slot.state not in ("open", "completing", "complete"):
            raise Refused(409, "upload_closed")
        if slot.state == "open":
            if len(slot.parts) != slot.part_count:
                raise Refused(409, "upload_incomplete")
            if slot.crc32c and slot.crc32c != crc32c(slot.content):
                raise Refused(409, "upload_checksum_mismatch")
            slot.state, slot.looks_left = "completing", self.completion_looks
        self._looked_at(slot)
        status = 202 if slot.state == "completing" else 200
        return status, upload_view(slot), {"Location": f"/v1/uploads/{slot.upload_id}"}

    def _looked_at(self, slot: Slot) -> Slot:
        if slot.fetches:
            slot.progress = slot.fetches.pop(0)
        elif slot.fetches == []:
            slot.state = "failed" if self.fetch_fails else "complete"
        if slot.state == "completing":
            slot.looks_left -= 1
            if slot.looks_left < 0:
                slot.state = "complete"
                slot.joined = slot.content
        return slot

    # ---------------------------------------------------------------- life

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
