"""Files that make a careless ffmpeg open other files or addresses. Each gets a bait: what it should reach for."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media.hostile import boxes

JPEG = b"\xff\xd8\xff\xdb" + bytes(60)


@dataclass(frozen=True)
class Bait:
    secret: Path  # a file that is none of the attacker's business
    port: int  # of a server on loopback

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/latest/meta-data.ts"


@dataclass(frozen=True)
class Attack:
    name: str
    file: str  # as its owner called it
    content: Callable[[Bait], bytes]
    bites: bool  # a careless program falls for it (some attacks need another player, or another build)


def playlist(*lines: str) -> bytes:
    return "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:6", *lines, "#EXT-X-ENDLIST", ""]).encode()


def manifest(base: str) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT6S"'
        ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="video">'
        f'<Representation id="0" bandwidth="1" mimeType="video/mp4"><BaseURL>{base}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    ).encode()


def concat(_bait: Bait) -> bytes:
    return b"ffconcat version 1.0\nfile 0.jpg\n"


def inline_concat(bait: Bait) -> bytes:
    return playlist("#EXTINF:6,", f"data:text/plain;base64,{base64.b64encode(concat(bait)).decode()}")


def key_from_address(bait: Bait) -> bytes:
    return playlist(f'#EXT-X-KEY:METHOD=AES-128,URI="{bait.address}",IV=0x{1:032x}', "#EXTINF:6,", str(bait.secret))


def session_description(bait: Bait) -> bytes:
    return f"v=0\nc=IN IP4 127.0.0.1\nm=video {bait.port} RTP/AVP 96\na=rtpmap:96 H264/90000\n".encode()


def subtitles(bait: Bait) -> bytes:
    fields = f"[Script Info]\nScriptType: v4.00+\nVideo File: {bait.secret}\nAudio URI: {bait.address}\n"
    return (fields + "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:01.00,Hello\n").encode()


def subrip(bait: Bait) -> bytes:
    return f"1\n00:00:00,000 --> 00:00:02,000\n<img src='file://{bait.secret}'> {bait.address}\n".encode()


def terminal_art(bait: Bait) -> bytes:
    return b"\x1b[2J\x1b[1;1H" + f"file://{bait.secret} ".encode() * 40 + b"\x1aSAUCE00"


def reference_movie(bait: Bait) -> bytes:
    """QuickTime: "the film is over there", by file and by address."""
    targets = (f"file://{bait.secret}", bait.address)
    entries = [
        boxes.box(b"rmda", boxes.full(b"rdrf", b"url ", boxes.u32(len(target) + 1), target.encode() + b"\0"))
        for target in targets
    ]
    return boxes.box(b"ftyp", b"qt  ", boxes.u32(0), b"qt  ") + boxes.box(b"moov", boxes.box(b"rmra", *entries))


def media_elsewhere(reference: Callable[[Bait], bytes]) -> Callable[[Bait], bytes]:
    return lambda bait: boxes.Movie(media=JPEG, samples=25, sample_size=64, reference=reference(bait)).build()


def linked_segments(bait: Bait) -> bytes:
    """Matroska: next segment by file name, ordered chapters of another segment, an attachment that climbs up."""
    el = boxes.element
    info = el("1549A966", el("73A4", b"A" * 16), el("3EB923", b"B" * 16), el("3E83BB", str(bait.secret).encode()))
    chapter = el("B6", el("73C4", b"\1"), el("91", b"\0"), el("6E67", b"B" * 16))
    chapters = el("1043A770", el("45B9", el("45DD", b"\1"), chapter))
    climbing = f"../../../../../..{bait.secret}".encode()
    attached = el("61A7", el("466E", climbing), el("4660", b"font/ttf"), el("465C", b"mine"), el("46AE", b"\7"))
    cluster = el("1F43B675", el("E7", b"\0"), el("A3", b"\x81\0\0\x80" + JPEG))
    return boxes.matroska(info, el("1654AE6B", boxes.matroska_track(1)), chapters, el("1941A469", attached), cluster)


def script(bait: Bait) -> bytes:
    return f'FFmpegSource2("{bait.secret}")\nImport("{bait.secret}")\n'.encode()


ATTACKS = (
    Attack("hls_file", "a.m3u8", lambda b: playlist("#EXTINF:6,", f"file://{b.secret}"), True),
    Attack("hls_http", "a.m3u8", lambda b: playlist("#EXTINF:6,", b.address), True),
    Attack("hls_key", "a.m3u8", key_from_address, True),
    Attack("hls_concat", "a.m3u8", lambda b: playlist("#EXTINF:6,", f"concat:{b.secret}|{b.secret}"), False),
    Attack("hls_subfile", "a.m3u8", lambda b: playlist("#EXTINF:6,", f"subfile,,start,0,end,9,,:{b.secret}"), False),
    Attack("hls_crypto", "a.m3u8", lambda b: playlist("#EXTINF:6,", f"crypto+file://{b.secret}"), False),
    Attack("hls_data", "a.m3u8", inline_concat, False),
    Attack("ffconcat", "film.mp4", concat, True),
    Attack("dash_http", "a.mpd", lambda b: manifest(b.address), True),
    Attack("dash_file", "a.mpd", lambda b: manifest(str(b.secret)), True),
    Attack("sdp", "a.sdp", session_description, False),
    Attack("ass", "a.ass", subtitles, False),
    Attack("srt", "a.srt", subrip, False),
    Attack("tty", "a.nfo", terminal_art, False),
    Attack("image_pattern", "%d.jpg", lambda _: JPEG, True),
    Attack("avisynth", "a.avs", script, False),
    Attack("mov_url", "film.mov", media_elsewhere(lambda b: boxes.url_reference(f"file://{b.secret}")), False),
    Attack("mov_alias", "film.mov", media_elsewhere(lambda b: boxes.alias_reference(b.secret)), False),
    Attack("mov_reference", "film.mov", reference_movie, False),
    Attack("mkv_links", "film.mkv", linked_segments, False),
    Attack("avi_gab2", "film.avi", lambda b: boxes.avi_with_subtitles(playlist("#EXTINF:6,", b.address)), False),
)
