"""Media types: what a policy lets in, and what a file really is, whatever its sender calls it."""

import re

UNKNOWN = "application/octet-stream"  # fits every file

_PATTERN = re.compile(r"(video|audio|application)/(\*|[a-z0-9][a-z0-9.+-]{0,99})")

# By ffprobe's name of the container: media types of files with a picture, and of those with sound alone.
# A container of one family cannot be told from its siblings: a .mov is an .mp4 of another brand, a .webm an .mkv.
_VIDEO = {
    "mov": ("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2", "video/mj2"),
    "matroska": ("video/matroska", "video/x-matroska", "video/webm"),
    "mpegts": ("video/mp2t",),
    "mpeg": ("video/mpeg", "video/mp2p"),
    "mpegvideo": ("video/mpeg",),
    "avi": ("video/avi", "video/x-msvideo", "video/vnd.avi"),
    "flv": ("video/x-flv",),
    "asf": ("video/x-ms-wmv", "video/x-ms-asf", "application/vnd.ms-asf"),
    "ogg": ("video/ogg", "application/ogg"),
    "mxf": ("application/mxf", "video/mxf"),
}
_AUDIO = {
    "mov": ("audio/mp4", "audio/x-m4a", "audio/3gpp", "audio/3gpp2"),
    "matroska": ("audio/matroska", "audio/x-matroska", "audio/webm"),
    "mpegts": ("audio/mp2t", "video/mp2t"),
    "asf": ("audio/x-ms-wma", "application/vnd.ms-asf"),
    "ogg": ("audio/ogg", "application/ogg"),
    "wav": ("audio/wav", "audio/x-wav", "audio/vnd.wave"),
    "mp3": ("audio/mpeg", "audio/mp3"),
    "flac": ("audio/flac", "audio/x-flac"),
    "aac": ("audio/aac", "audio/x-aac"),
    "aiff": ("audio/aiff", "audio/x-aiff"),
    "mxf": ("application/mxf", "audio/mxf"),
}


def is_type_pattern(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None


def types_of(container: str, *, picture: bool) -> tuple[str, ...]:
    """Every type that a file in this container may rightly be called."""
    with_picture = _VIDEO.get(container, ())
    return (*(with_picture if picture else _AUDIO.get(container, with_picture)), UNKNOWN)
