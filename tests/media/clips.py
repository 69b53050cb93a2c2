"""Source files made by ffmpeg: a few seconds, small, and as regular or as odd as a test wants."""

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sluice.adapters.process import locate_binaries

BINARIES = locate_binaries()


@dataclass(frozen=True)
class Clip:
    rate: str = "25"
    size: str = "426x240"
    seconds: float = 3
    sound: bool = True
    picture: bool = True
    filters: str = ""  # applied to the picture
    video: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    output: tuple[str, ...] = ()
    suffix: str = ".mp4"

    @property
    def frames(self) -> int:
        """What `-t` lets through at a constant rate."""
        return int(-(-Fraction(str(self.seconds)) * Fraction(self.rate) // 1))


def make(clip: Clip, folder: Path) -> Path:
    path = folder / f"clip{clip.suffix}"
    inputs: list[str] = []
    options: list[str] = []
    if clip.picture:
        inputs += ["-f", "lavfi", "-i", f"testsrc2=size={clip.size}:rate={clip.rate}"]
        options += ["-vf", clip.filters] if clip.filters else []
        options += clip.video
    if clip.sound:
        inputs += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
        options += ["-c:a", "libopus" if clip.suffix == ".webm" else "aac"]
    ffmpeg(*inputs, "-t", str(clip.seconds), *options, *clip.output, str(path))
    return path


def ffmpeg(*arguments: str) -> None:
    subprocess.run([BINARIES.ffmpeg, "-v", "error", "-nostdin", "-y", *arguments], check=True)
