"""Containers written byte by byte, so that they can say what no muxer would: QuickTime, Matroska, AVI."""

import struct
from dataclasses import dataclass
from pathlib import Path

MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
LOCAL = struct.pack(">I4sI", 12, b"url ", 1)  # "the media is in this file"


def u32(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def box(kind: bytes, *content: bytes, size: int | None = None) -> bytes:
    """`size`: what the header claims."""
    body = b"".join(content)
    return u32(8 + len(body) if size is None else size) + kind + body


def full(kind: bytes, *content: bytes) -> bytes:
    return box(kind, b"\0\0\0\0", *content)


@dataclass(frozen=True)
class Movie:
    """One MJPEG track of `samples` equal samples, all in one chunk at the start of `mdat`."""

    media: bytes  # of `mdat`
    samples: int
    sample_size: int
    scale: int = 25
    step: int = 1  # length of a sample in 1/scale s
    length: int | None = None  # what the headers claim
    reference: bytes = LOCAL  # entry of `dref`
    tracks: int = 1
    size: tuple[int, int] = (160, 90)

    def build(self) -> bytes:
        head = box(b"ftyp", b"qt  ", u32(0), b"qt  ")
        offset = len(head) + 8
        length = self.samples * self.step & 0xFFFFFFFF if self.length is None else self.length
        clock = u32(0, 0, self.scale, length)
        mvhd = full(b"mvhd", clock, u32(0x10000), b"\1\0" + bytes(10), MATRIX, bytes(24), u32(self.tracks + 1))
        traks = [self._trak(number + 1, length, clock, offset) for number in range(self.tracks)]
        return head + box(b"mdat", self.media) + box(b"moov", mvhd, *traks)

    def _trak(self, number: int, length: int, clock: bytes, offset: int) -> bytes:
        width, height = self.size
        tkhd = full(b"tkhd", u32(0, 0, number, 0, length), bytes(16), MATRIX, u32(width << 16, height << 16))
        entry = box(
            b"jpeg", bytes(6), b"\0\1", bytes(16), struct.pack(">HH", width, height),
            u32(0x480000, 0x480000, 0), b"\0\1", bytes(32), b"\0\x18\xff\xff",
        )  # fmt: skip
        table = box(
            b"stbl",
            full(b"stsd", u32(1), entry),
            full(b"stts", u32(1, self.samples, self.step)),
            full(b"stsc", u32(1, 1, self.samples, 1)),
            full(b"stsz", u32(self.sample_size, self.samples)),
            full(b"stco", u32(1, offset)),
        )
        data = box(b"dinf", full(b"dref", u32(1), self.reference))
        handler = full(b"hdlr", u32(0), b"vide", bytes(12), b"v\0")
        media = box(b"minf", full(b"vmhd", bytes(8)), data, table)
        return box(b"trak", tkhd, box(b"mdia", full(b"mdhd", clock, b"\x55\xc4\0\0"), handler, media))


def url_reference(url: str) -> bytes:
    return full(b"url ", url.encode() + b"\0")


def alias_reference(path: Path) -> bytes:
    """A Macintosh alias: what QuickTime writes for media in another file, with the path in its record 18."""
    text = str(path).encode()
    name = path.name.encode()[:63]
    fixed = (
        bytes(6) + b"\0\2" + b"\0\0" + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(4) + b"H+" + b"\0\0" + bytes(4)
        + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    )  # fmt: skip
    record = struct.pack(">hH", 18, len(text)) + text + bytes(len(text) % 2)
    return full(b"alis", fixed + record + struct.pack(">hH", -1, 0))


def element(identity: str, *content: bytes, size: bytes | None = None) -> bytes:
    """Matroska. `size`: what the header claims, coded."""
    body = b"".join(content)
    return bytes.fromhex(identity) + (struct.pack(">Q", len(body) | 1 << 56) if size is None else size) + body


def matroska(*segment: bytes) -> bytes:
    head = element("1A45DFA3", element("4282", b"matroska"), element("4287", b"\4"), element("4285", b"\2"))
    return head + element("18538067", *segment)


def matroska_track(number: int, width: int = 160, height: int = 90) -> bytes:
    shape = element("E0", element("B0", u32(width)), element("BA", u32(height)))
    return element(
        "AE", element("D7", u32(number)), element("73C5", u32(number)), element("83", b"\1"),
        element("86", b"V_MJPEG"), shape,
    )  # fmt: skip


def chunk(kind: bytes, *content: bytes) -> bytes:
    """RIFF."""
    body = b"".join(content)
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def avi_with_subtitles(script: bytes) -> bytes:
    """A subtitle track of the kind GAB2, whose text libavformat hands to whatever demuxer likes it."""
    header = struct.pack("<4s4sIIIIIIIIII", b"txts", b"DXSA", 0, 0, 0, 1, 1, 0, 1, len(script), 0, 0) + bytes(8)
    main = struct.pack("<10I", 40_000, 0, 0, 0x10, 1, 0, 1, 0, 160, 90) + bytes(16)
    lists = chunk(
        b"LIST", b"hdrl", chunk(b"avih", main), chunk(b"LIST", b"strl", chunk(b"strh", header), chunk(b"strf"))
    )
    text = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"e\0" + struct.pack("<HI", 4, len(script)) + script
    return chunk(b"RIFF", b"AVI ", lists, chunk(b"LIST", b"movi", chunk(b"00tx", text)))
