"""Removes chosen posters that no player gets any more.

The row that asks for it is written in the transaction that takes the picture from the players, and goes when the object
is gone: whatever ends in between is done again.
"""

from typing import Protocol

from sluice.domain.thumbnails import DiscardedPicture
from sluice.service.ports import Records, Remove
from sluice.service.thumbnail_ports import PictureObjects


class RemovalPorts(Protocol):
    @property
    def records(self) -> Records: ...
    @property
    def pictures(self) -> PictureObjects: ...


def remove_picture(picture: DiscardedPicture, ports: RemovalPorts) -> None:
    """Safe to repeat. Raises ProviderFailure."""
    asset = ports.records.asset(picture.tenant_id, picture.asset_id)
    if asset is None or asset.thumbnail_id != picture.thumbnail_id:  # never what is shown, whatever the row says
        ports.pictures.delete(picture.media_key)
    ports.records.commit(Remove(picture))
