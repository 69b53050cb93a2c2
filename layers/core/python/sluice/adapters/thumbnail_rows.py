"""Thumbnails in DynamoDB: implements `service.thumbnail_ports.ThumbnailRecords`."""

from datetime import datetime

from sluice import table
from sluice.adapters.row_reads import RowReads
from sluice.domain.thumbnails import DiscardedPicture, Thumbnail, ThumbnailCount
from sluice.table import DueKind


class ThumbnailRows(RowReads):
    def thumbnail(self, tenant_id: str, asset_id: str, thumbnail_id: str) -> Thumbnail | None:
        return self._get(Thumbnail, table.thumbnail(tenant_id, asset_id, thumbnail_id))

    def thumbnail_count(self, tenant_id: str, asset_id: str) -> ThumbnailCount | None:
        return self._get(ThumbnailCount, table.thumbnail_count(tenant_id, asset_id))

    def list_thumbnails(
        self, tenant_id: str, asset_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Thumbnail], str | None]:
        ids, following = self._newest(None, table.thumbnail(tenant_id, asset_id, "").pk, limit, before)
        found = self._batch(Thumbnail, [table.thumbnail(tenant_id, asset_id, one) for one in ids])
        return sorted(found, key=lambda thumbnail: thumbnail.id, reverse=True), following

    def pending_thumbnails(self, *, before: datetime, limit: int) -> list[Thumbnail]:
        return self._due(Thumbnail, DueKind.THUMBNAIL, before, limit)

    def discarded_pictures(self, *, before: datetime, limit: int) -> list[DiscardedPicture]:
        return self._due(DiscardedPicture, DueKind.PICTURE_REMOVAL, before, limit)
