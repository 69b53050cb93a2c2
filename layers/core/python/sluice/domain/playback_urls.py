"""The URLs of playback: how they are built, and the strict reading of what comes back.

CloudFront's policy wildcard `*` also matches `?`, so that a URL such as `?d=evil&x=?d=good` can satisfy a signature
meant for `?d=good`. Hence nothing is decoded, guessed or ignored here: one parameter, once, from a safe alphabet.
"""

import re
from typing import Literal, NamedTuple

from sluice.domain.errors import PlaybackNotFound
from sluice.domain.ids import Prefix, is_id

PARAMETER = "token"
_VALUE = re.compile(r"[A-Za-z0-9.,_-]+", re.ASCII)
_PATH = re.compile(r"/v1/play/([a-z0-9_]+)/([a-z0-9-]+)\.(m3u8|mpd|jpg|vtt|mp4|webp)", re.ASCII)
_IFRAME = "-iframe"

Kind = Literal["master", "manifest", "storyboard", "picture", "rendition"]
_WHOLE_FILES: dict[str, Kind] = {
    "master.m3u8": "master",
    "manifest.mpd": "manifest",
    "storyboard.vtt": "storyboard",
    "poster.jpg": "picture",
    "preview.mp4": "picture",
    "preview.webp": "picture",
}


class PlayRequest(NamedTuple):
    playback_id: str
    kind: Kind
    file: str  # as it stands in the path
    rendition: str | None  # of kind "rendition" only
    iframe: bool  # the I-frame playlist of the rendition
    token: str | None  # None: the query is not one token and nothing else


def parse_play_request(path: str, query: str) -> PlayRequest:
    """Both as sent. Raises PlaybackNotFound for a path that no playback has."""
    match = _PATH.fullmatch(path)
    if match is None or not is_id(Prefix.PLAYBACK, match[1]):
        raise PlaybackNotFound()
    stem, extension = match[2], match[3]
    file = f"{stem}.{extension}"
    if kind := _WHOLE_FILES.get(file):
        return PlayRequest(match[1], kind, file, None, iframe=False, token=_token(query))
    if extension != "m3u8":
        raise PlaybackNotFound()
    iframe = stem.endswith(_IFRAME)
    return PlayRequest(match[1], "rendition", file, stem.removesuffix(_IFRAME), iframe=iframe, token=_token(query))


def _token(query: str) -> str | None:
    name, _, value = query.partition("=")
    return value if name == PARAMETER and _VALUE.fullmatch(value) else None


def play_url(media_base_url: str, playback_id: str, file: str, token: str) -> str:
    return f"{media_base_url}/v1/play/{playback_id}/{file}?{PARAMETER}={token}"
