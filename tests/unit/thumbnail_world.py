"""A published asset, and thumbnails of it: asked for over HTTP, made by a program that writes what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.api_thumbnails import handler
from sluice.bootstrap import ApiThumbnails
from sluice.domain.models import Asset
from sluice.domain.thumbnails import Thumbnail
from sluice.domain.tools import ToolOutput, ToolTask
from sluice.media import thumbnails as media
from sluice.service.thumbnail_making import MakingDeps, make_thumbnail
from sluice.service.thumbnail_ports import Published as PublishedRendition
from sluice.service.thumbnail_ports import ThumbnailStorage
from sluice.service.thumbnails import ThumbnailPorts
from tests.fakes.gateway import LambdaContext, request
from tests.fakes.published import ASSET, TENANT, Published, version
from tests.fakes.thumbnails import FakePictureSigner, FakeThumbnailMaker
from tests.fakes.time import FakeClock, FakeIds
from tests.fakes.transcoding import BINARIES, FakeMediaObjects, FakeSources

PATH = f"/v1/assets/{ASSET}/thumbnails"
JPEG = b"\xff\xd8\xff\xe0 a picture"


class FakeProgram:
    """Writes its arguments and what it was given as the result."""

    def __init__(self) -> None:
        self.answer = ToolOutput(0, "", "", 0.1, 1, "seccomp")
        self.tasks: list[ToolTask] = []

    def run(self, task: ToolTask, *, on_progress: object = None) -> ToolOutput:
        self.tasks.append(task)
        if self.answer.exit_code == 0:
            given = task.cwd / task.argv[task.argv.index("-i") + 1]
            (task.cwd / media.RESULT).write_bytes(b"JPEG of " + given.read_bytes())
        return self.answer


class ThumbnailWorld:
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.published = Published()
        self.records = self.published.records
        self.now, self.new_id = FakeClock(), FakeIds()
        self.maker, self.media = FakeThumbnailMaker(), FakeMediaObjects()
        self.sent, self.stored = FakeSources(), FakeSources()
        self.program = FakeProgram()
        self.asked_for: list[tuple[str, PublishedRendition | None]] = []
        self._folder = folder
        prefix = version().media_prefix
        self.stored.objects = {key: text.encode() for key, text in self.published.files.files.items()}
        for name in ("init.mp4", "seg-00001.m4s", "seg-00002.m4s"):
            self.stored.objects[f"{prefix}v720/{name}"] = f"<{name}>".encode()
        self.ports = ThumbnailPorts(
            environment="dev",
            records=self.records,
            maker=self.maker,
            signer=FakePictureSigner(),
            new_id=self.new_id,
            now=self.now,
        )
        patch.setattr(handler, "deps", lambda: ApiThumbnails(self.ports, cursor_key=lambda: b"k" * 32))

    @property
    def deps(self) -> MakingDeps:
        return MakingDeps(
            environment="dev",
            records=self.records,
            storage=self._storage,
            scratch=self._scratch,
            tools=self.program,
            binaries=BINARIES,
            ids=self.new_id,
            now=self.now,
        )

    def _storage(self, thumbnail: Thumbnail, published: PublishedRendition | None) -> ThumbnailStorage:
        self.asked_for.append((thumbnail.id, published))
        return ThumbnailStorage(self.sent, self.stored, self.media)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        folder = self._folder / self.new_id.__class__.__name__ / str(len(self.asked_for))
        folder.mkdir(parents=True, exist_ok=True)
        yield folder

    def call(
        self,
        method: str,
        path: str = "",
        *,
        body: Any = None,
        key: str | None = None,
        tenant: str = TENANT,
        **query: str,
    ) -> tuple[int, Any, dict[str, str]]:
        scope = "assets:read" if method == "GET" else "assets:write"
        headers = {"Idempotency-Key": key} if key else {}
        event = request(method, PATH + path, body=body, query=query, headers=headers, scopes=[scope], tenant=tenant)
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None, answer["headers"]

    def ask(self, time_s: float | None = None) -> str:
        """A frame at this time, or a picture that has arrived; the id."""
        frame = {"time_s": time_s}
        picture = {"size_bytes": len(JPEG), "content_type": "image/jpeg"}
        status, body, _ = self.call("POST", body=picture if time_s is None else frame)
        assert status == 201, body
        if time_s is None:
            self.sent.objects[self.thumbnail(body["thumbnail_id"]).upload_key] = JPEG
        return str(body["thumbnail_id"])

    def make(self, thumbnail_id: str) -> None:
        make_thumbnail(tenant_id=TENANT, asset_id=ASSET, thumbnail_id=thumbnail_id, deps=self.deps)

    def thumbnail(self, thumbnail_id: str) -> Thumbnail:
        found = self.records.thumbnail(TENANT, ASSET, thumbnail_id)
        assert found is not None
        return found

    @property
    def asset(self) -> Asset:
        found = self.records.asset(TENANT, ASSET)
        assert found is not None
        return found

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        bodies = [json.loads(event.body) for event in self.records.events(TENANT, ASSET)]
        return [(body["type"], body["data"]) for body in bodies]
