"""Thumbnails in memory; pass the same contract suite as DynamoDB's."""

from sluice import table
from sluice.domain.models import Model
from sluice.domain.thumbnails import Thumbnail, ThumbnailCount
from sluice.table import Key


class FakeThumbnailRows:
    rows: dict[Key, Model]

    def thumbnail(self, tenant_id: str, asset_id: str, thumbnail_id: str) -> Thumbnail | None:
        found = self.rows.get(table.thumbnail(tenant_id, asset_id, thumbnail_id))
        assert found is None or isinstance(found, Thumbnail)
        return found

    def thumbnail_count(self, tenant_id: str, asset_id: str) -> ThumbnailCount | None:
        found = self.rows.get(table.thumbnail_count(tenant_id, asset_id))
        assert found is None or isinstance(found, ThumbnailCount)
        return found

    def list_thumbnails(
        self, tenant_id: str, asset_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Thumbnail], str | None]:
        stored = [row for row in self.rows.values() if isinstance(row, Thumbnail)]
        mine = [one for one in stored if (one.tenant_id, one.asset_id) == (tenant_id, asset_id)]
        newest_first = sorted(mine, key=lambda one: one.id, reverse=True)
        page = [one for one in newest_first if before is None or one.id < before]
        return page[:limit], page[limit - 1].id if len(page) > limit else None
