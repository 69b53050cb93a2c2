"""Poster, storyboard and hover preview, made of finished renditions: argument lists and choices, pure.

Stills come from keyframes alone, which stand every two seconds: the decoder skips all the rest, so that pictures cost
about a hundredth of an encode, and are the same however the renditions were made (in one run, in chunks, by copy).
"""

import math
from collections.abc import Sequence

from sluice.domain.pictures import PREVIEWS, Storyboard
from sluice.media.ffmpeg import NO_METADATA
from sluice.media.geometry import fitted
from sluice.media.ladder import VideoRendition

POSTER_LONG_SIDE = 1280
CANDIDATES = 24
NEW_SCENE = 0.1  # ffmpeg's scene score, 0-1, between two keyframes: a camera that stands still stays below

TILE_LONG_SIDE = 192
COLUMNS = ROWS = 10
WANTED_TILES = 100
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 2, 10

PREVIEW_LONG_SIDE = 320
PREVIEW_RATE = 10  # frames/s
PIECES, PIECE_S = 4, 1.5


def source_of(renditions: Sequence[VideoRendition], long_side: int) -> VideoRendition:
    """The smallest SDR rendition that has so many pixels; the largest if none has. `renditions`: largest first."""
    shown = [made for made in renditions if not made.hdr] or list(renditions)
    return next((made for made in reversed(shown) if max(made.width, made.height) >= long_side), shown[0])


def candidates_argv(ffmpeg: str, file: str, made: VideoRendition, duration_s: float) -> list[str]:
    """Writes `candidate-001.jpg` and on: the first picture, then beginnings of scenes, spread over the whole video."""
    apart = duration_s / CANDIDATES
    width, height = fitted(made.width, made.height, POSTER_LONG_SIDE)
    scenes = f"select=isnan(prev_selected_t)+gt(scene\\,{NEW_SCENE})*gte(t-prev_selected_t\\,{apart:.3f})"
    return [
        *_keyframes_of(ffmpeg, file),
        "-vf", f"{scenes},scale={width}:{height}",
        "-frames:v", str(CANDIDATES),
        *_jpegs("candidate-%03d.jpg", quality=3),
    ]  # fmt: skip


def best_candidate(sizes: Sequence[int]) -> int:
    """Index of the candidate with most to see: black, faded or blurred pictures make small JPEGs.

    `sizes`: bytes, in order of time, at least one. A video's first picture is often a title: it wins only alone.
    """
    later = sizes[1:]
    return 1 + max(range(len(later)), key=later.__getitem__) if later else 0


def plan_storyboard(made: VideoRendition, duration_s: float) -> Storyboard:
    interval = min(LONGEST_INTERVAL_S, max(SHORTEST_INTERVAL_S, math.ceil(duration_s / WANTED_TILES)))
    width, height = fitted(made.width, made.height, TILE_LONG_SIDE)
    tiles = max(1, math.ceil(duration_s / interval))
    rows = min(ROWS, math.ceil(tiles / COLUMNS))
    return Storyboard(
        interval_s=interval,
        tiles=tiles,
        tile_width=width,
        tile_height=height,
        columns=min(COLUMNS, tiles),
        rows=rows,
    )


def storyboard_argv(ffmpeg: str, file: str, board: Storyboard) -> list[str]:
    steps = [
        # a tile shows the last keyframe that is not after its time
        f"fps=fps=1/{board.interval_s:.0f}:start_time=0:round=up",
        f"trim=end_frame={board.tiles}",  # `fps` rounds the last picture up beyond the end
        f"scale={board.tile_width}:{board.tile_height}",
        f"tile={board.columns}x{board.rows}",
    ]
    return [*_keyframes_of(ffmpeg, file), "-vf", ",".join(steps), *_jpegs("storyboard-%03d.jpg", quality=5)]


def preview_argv(ffmpeg: str, file: str, made: VideoRendition, duration_s: float) -> list[str]:
    """Six seconds of four places, without sound, as MP4 and animated WebP; a short video as it is, up to six."""
    whole = duration_s <= PIECES * PIECE_S * 2
    length = min(duration_s, PIECES * PIECE_S) if whole else PIECE_S
    starts = [0.0] if whole else [duration_s * (2 * n + 1) / (2 * PIECES) - PIECE_S / 2 for n in range(PIECES)]
    inputs = [word for start in starts for word in ("-ss", f"{start:.3f}", "-t", f"{length:.3f}", "-i", file)]
    width, height = fitted(made.width, made.height, PREVIEW_LONG_SIDE)
    joined = "".join(f"[{n}:v:0]" for n in range(len(starts))) + f"concat=n={len(starts)}:v=1:a=0"
    graph = f"{joined},fps={PREVIEW_RATE},scale={width}:{height},format=yuv420p,split=2[mp4][webp]"
    return [
        *_quietly(ffmpeg),
        *inputs,
        "-filter_complex", graph,
        "-map", "[mp4]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "26",
        "-movflags", "+faststart",  # plays before it is loaded
        *NO_METADATA, PREVIEWS[0],
        "-map", "[webp]", "-c:v", "libwebp_anim", "-quality", "40",
        "-compression_level", "2",  # the usual 4 takes a quarter more of all this, for 7 % fewer bytes
        "-loop", "0",  # for ever
        *NO_METADATA, PREVIEWS[1],
    ]  # fmt: skip


def _quietly(ffmpeg: str) -> list[str]:
    return [ffmpeg, "-hide_banner", "-nostdin", "-y", "-v", "warning"]


def _keyframes_of(ffmpeg: str, file: str) -> list[str]:
    return [*_quietly(ffmpeg), "-skip_frame", "nokey", "-i", file, "-an"]


def _jpegs(names: str, *, quality: int) -> list[str]:
    # passthrough: else the muxer's constant rate repeats pictures
    return ["-fps_mode", "passthrough", "-q:v", str(quality), *NO_METADATA, "-f", "image2", names]
