"""The still and moving pictures that stand for a video: storyboard (thumbnails along its time) and hover preview."""

from sluice.domain.model import Model

POSTER = "poster.jpg"
PREVIEWS = ("preview.mp4", "preview.webp")


class ChosenPoster(Model):
    """Which thumbnail players get in place of the automatic poster."""

    thumbnail_id: str | None  # None: it was deleted, and the automatic one is back
    number: int  # of its request: an older one that is ready later does not replace it


class Storyboard(Model):
    """Sheets of `columns` x `rows` equal tiles, one tile per `interval_s`; the last sheet may be partly empty."""

    interval_s: float
    tiles: int
    tile_width: int  # pixels
    tile_height: int
    columns: int
    rows: int

    @property
    def sheets(self) -> int:
        return -(-self.tiles // (self.columns * self.rows))


def sheet_name(number: int) -> str:
    """`number`: from 1."""
    return f"storyboard-{number:03d}.jpg"
