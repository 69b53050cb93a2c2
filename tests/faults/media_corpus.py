"""Twenty pairs of container and codec that honest customers send, tiny, made by ffmpeg; and ways to damage them."""

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.media.clips import BINARIES

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=96x54:rate=25:duration=0.6")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=0.6")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "8")
AAC = ("-c:a", "aac", "-b:a", "32k")
MP3 = ("-c:a", "libmp3lame", "-b:a", "32k", "-ar", "44100")

# name -> inputs and options of ffmpeg
PAIRS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*PICTURE, *SOUND, *H264, *AAC),
    "h264.mov": (*PICTURE, *SOUND, *H264, "-c:a", "pcm_s16le", "-movflags", "+faststart"),
    "fragmented.mp4": (*PICTURE, *SOUND, *H264, *AAC, "-movflags", "+frag_keyframe+empty_moov"),
    "h264.mkv": (*PICTURE, *SOUND, *H264, "-c:a", "flac"),
    "h264.ts": (*PICTURE, *SOUND, *H264, *AAC),
    "h264.flv": (*PICTURE, *SOUND, *H264, *AAC),
    "hevc.mp4": (*PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "vp8.webm": (*PICTURE, *SOUND, "-c:v", "libvpx", "-cpu-used", "8", "-c:a", "libvorbis"),
    "vp9.webm": (*PICTURE, *SOUND, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"),
    "av1.mp4": (*PICTURE, "-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "log-level=1"),
    "mpeg4.avi": (*PICTURE, *SOUND, "-c:v", "mpeg4", *MP3),
    "mjpeg.avi": (*PICTURE, *SOUND, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "mpeg2.mpg": (*PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "dvd"),
    "mpeg2.mxf": (*PICTURE, "-c:v", "mpeg2video"),
    "prores.mov": (*PICTURE, "-c:v", "prores_ks", "-profile:v", "0"),
    "theora.ogv": (*PICTURE, *SOUND, "-c:v", "libtheora", "-c:a", "libvorbis"),
    "wmv2.asf": (*PICTURE, *SOUND, "-c:v", "wmv2", "-c:a", "wmav2"),
    "sound.mp3": (*SOUND, *MP3),
    "sound.flac": (*SOUND, "-c:a", "flac"),
    "sound.wav": (*SOUND, "-c:a", "pcm_s16le"),
}  # fmt: skip


def make_corpus(folder: Path) -> dict[str, bytes]:
    made = {}
    for name, options in PAIRS.items():
        path = folder / name
        argv = [BINARIES.ffmpeg, "-v", "error", "-nostdin", "-y", *options, "-threads", "1", str(path)]
        subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
        made[name] = path.read_bytes()
    return made


def flip_bits(whole: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 4, 32))):
        whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)


def truncate(whole: bytearray, dice: random.Random) -> None:
    del whole[dice.randrange(1, len(whole)) :]


def splice(whole: bytearray, dice: random.Random) -> None:
    """A part moves elsewhere."""
    part = _part(whole, dice)
    taken = whole[part]
    del whole[part]
    at = dice.randrange(len(whole) + 1)
    whole[at:at] = taken


def duplicate(whole: bytearray, dice: random.Random) -> None:
    part = _part(whole, dice)
    whole[part.stop : part.stop] = whole[part]


def zero(whole: bytearray, dice: random.Random) -> None:
    part = _part(whole, dice)
    whole[part] = bytes(part.stop - part.start)


def edit_number(whole: bytearray, dice: random.Random) -> None:
    """Sizes, counts and times stand in headers, at the beginning or (an index) at the end."""
    near = min(len(whole), 2048)
    at = dice.choice((dice.randrange(near), len(whole) - 1 - dice.randrange(near)))
    width = dice.choice((1, 2, 4, 8))
    odd = (0, 1, 0x7F, 0x80, (1 << 8 * width) - 1, 1 << 8 * width - 1, (1 << 8 * width - 1) - 1, len(whole))
    number = dice.choice(odd) % (1 << 8 * width)
    end = min(at + width, len(whole))
    whole[at:end] = number.to_bytes(width, dice.choice(("big", "little")))[: end - at]


def _part(whole: bytearray, dice: random.Random) -> slice:
    length = min(len(whole) - 1, dice.choice((4, 188, 1024, len(whole) // 4)))
    start = dice.randrange(len(whole) - length)
    return slice(start, start + length)


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip_bits, truncate, splice, duplicate, zero, edit_number, edit_number,
)  # fmt: skip


def mutate(whole: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(whole)
    for _ in range(dice.choice((1, 1, 2, 3))):
        if len(damaged) > 8:
            dice.choice(MUTATIONS)(damaged, dice)
    return bytes(damaged)
