"""How a picture is meant to be shown: rotation and pixel shape applied to its coded size."""

from fractions import Fraction
from typing import Any


def turn(stream: dict[str, Any]) -> int:
    """Degrees, one of 0, 90, 180, 270."""
    turns = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    return round(float(turns[0]) / 90) * 90 % 360 if turns else 0


def display_size(stream: dict[str, Any], rotation: int) -> tuple[int, int]:
    """Width and height. Raises ValueError if the stream has no picture size."""
    width, height = int(stream["width"]), int(stream["height"])
    if width < 1 or height < 1:
        raise ValueError("no picture size")
    shape = str(stream.get("sample_aspect_ratio", "1:1")).replace(":", "/")
    pixel = Fraction(1) if shape.startswith("0/") or shape.endswith("/0") else Fraction(shape)
    if pixel > 1:
        width = round(width * pixel)  # widen or heighten, so that no line of the source is thrown away
    elif pixel < 1:
        height = round(height / pixel)
    return (height, width) if rotation in (90, 270) else (width, height)


def fitted(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Even width and height of the same shape, at most `long_side` long; never larger than the picture."""
    scale = min(Fraction(1), Fraction(long_side, max(width, height)))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
