"""What is due, in memory."""

from datetime import datetime
from typing import TypeVar

from sluice.adapters.item_keys import key_of
from sluice.adapters.items import due
from sluice.domain.events import Event
from sluice.domain.models import Delivery, Job, Model, WebhookEndpoint
from sluice.domain.thumbnails import DiscardedPicture, Thumbnail
from sluice.domain.upload import Upload
from sluice.table import DueKind, Key
from tests.fakes.profile_rows import FakeProfileRows

M = TypeVar("M", bound=Model)


class FakeWorkLists(FakeProfileRows):
    def __init__(self) -> None:
        super().__init__()
        self._postponed: dict[Key, datetime] = {}

    def postpone(self, record: Upload | Job | Event | Thumbnail, until: datetime) -> None:
        if due(record) is not None:
            self._postponed[key_of(record)] = until

    def _due(self, model: type[M], kind: DueKind, before: datetime, limit: int) -> list[M]:
        work = [(record, due(record)) for record in self._all(model)]
        ready = [
            (moment, record)
            for record, task in work
            if task and task[0] is kind and (moment := self._postponed.get(key_of(record), task[1])) < before
        ]
        return [record for _, record in sorted(ready, key=lambda pair: pair[0])][:limit]

    def expired_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        return self._due(Upload, DueKind.UPLOAD_EXPIRY, before, limit)

    def unsettled_uploads(self, *, before: datetime, limit: int) -> list[Upload]:
        return self._due(Upload, DueKind.UPLOAD_CHECK, before, limit)

    def unfinished_jobs(self, *, before: datetime, limit: int) -> list[Job]:
        return self._due(Job, DueKind.JOB_CHECK, before, limit)

    def undispatched_events(self, *, before: datetime, limit: int) -> list[Event]:
        return self._due(Event, DueKind.DISPATCH, before, limit)

    def due_deliveries(self, *, before: datetime, limit: int) -> list[Delivery]:
        return self._due(Delivery, DueKind.DELIVERY, before, limit)

    def retired_secrets(self, *, before: datetime, limit: int) -> list[WebhookEndpoint]:
        return self._due(WebhookEndpoint, DueKind.ROTATION, before, limit)

    def pending_thumbnails(self, *, before: datetime, limit: int) -> list[Thumbnail]:
        return self._due(Thumbnail, DueKind.THUMBNAIL, before, limit)

    def discarded_pictures(self, *, before: datetime, limit: int) -> list[DiscardedPicture]:
        return self._due(DiscardedPicture, DueKind.PICTURE_REMOVAL, before, limit)
