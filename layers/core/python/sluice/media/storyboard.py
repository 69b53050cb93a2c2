"""A storyboard as players read it: a WebVTT track whose cues name tiles. Apart, because it is rendered per request."""

from collections.abc import Callable

from sluice.domain.pictures import Storyboard, sheet_name


def storyboard_vtt(board: Storyboard, duration_s: float, sheet_url: Callable[[str], str]) -> str:
    """WebVTT thumbnails track: each cue names a sheet and a tile's rectangle in it (Media Fragments `#xywh`)."""
    lines = ["WEBVTT", ""]
    per_sheet = board.columns * board.rows
    urls = [sheet_url(sheet_name(number + 1)) for number in range(board.sheets)]
    for tile in range(board.tiles):
        start, end = tile * board.interval_s, min((tile + 1) * board.interval_s, duration_s)
        if end <= start:
            break
        row, column = divmod(tile % per_sheet, board.columns)
        place = f"{column * board.tile_width},{row * board.tile_height},{board.tile_width},{board.tile_height}"
        lines += [f"{_clock(start)} --> {_clock(end)}", f"{urls[tile // per_sheet]}#xywh={place}", ""]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
