"""HLS and DASH playlists as Packager wrote them, rendered for one viewer: every URI goes through a caller's function.

Pure and fast (it runs per request). The texts are our own, but a URI that is not a plain relative path is refused
rather than signed: whatever wrote it was not Packager.
"""

import re
import xml.etree.ElementTree as ET  # noqa: S405 - parses only what our own packager wrote
from collections.abc import Callable, Iterator

_URI_ATTRIBUTE = re.compile(r'((?:^|[:,])URI=")([^"]*)(")')
# One or two plain names; no scheme, no query, no parent directory, nothing to escape.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)?")
_PLAIN_TEMPLATE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._$%-]*")

_DASH = "urn:mpeg:dash:schema:mpd:2011"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


class MalformedPlaylist(ValueError):
    """A stored playlist is not what Packager writes."""


def render_master(text: str, *, child_url: Callable[[str], str]) -> str:
    """HLS master: variants, audio renditions and I-frame playlists. `child_url` gets names such as `v720.m3u8`."""
    return _render_hls(text, child_url)


def render_media(text: str, *, media_url: Callable[[str], str]) -> str:
    """HLS media or I-frame playlist. `media_url` gets paths such as `v720/init.mp4` and `v720/seg-00001.m4s`."""
    return _render_hls(text, media_url)


def _render_hls(text: str, url: Callable[[str], str]) -> str:
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "#EXTM3U":
        raise MalformedPlaylist("not an HLS playlist")

    def replace(match: re.Match[str]) -> str:
        return match[1] + url(_plain(match[2])) + match[3]

    rendered = []
    for line in lines:
        if line.startswith("#EXT"):
            rendered.append(_URI_ATTRIBUTE.sub(replace, line) if 'URI="' in line else line)
        elif (uri := line.strip()) and not uri.startswith("#"):
            rendered.append(url(_plain(uri)))
        else:
            rendered.append(line)
    return "\n".join(rendered) + "\n"


def _plain(uri: str) -> str:
    if not _PLAIN_PATH.fullmatch(uri):
        raise MalformedPlaylist("a URI is not a plain relative path")
    return uri


def render_mpd(text: str, *, rendition_base: Callable[[str], tuple[str, str]]) -> str:
    """DASH manifest. `rendition_base` gets a rendition name and returns (base URL ending in `/`, query without `?`).

    Each Representation gets its own BaseURL, and the query goes onto its initialization and media templates, because
    players do not carry a BaseURL's query over to the segments.
    """
    root = _parse_mpd(text)
    for representation, template, name in _representations(root):
        base, query = rendition_base(name)
        for attribute in ("initialization", "media"):
            _, _, file = template.attrib[attribute].partition("/")
            # `$` is the template's own sign, so one in the query is doubled
            template.set(attribute, f"{file}?{query.replace('$', '$$')}" if query else file)
        element = ET.Element(f"{{{_DASH}}}BaseURL")
        element.text = base
        representation.insert(list(representation).index(template), element)
    ET.register_namespace("", _DASH)
    ET.register_namespace("xsi", _XSI)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def codecs(text: str) -> dict[str, str]:
    """Rendition name -> RFC 6381 codec, as a DASH manifest states it."""
    return {name: representation.get("codecs", "") for representation, _, name in _representations(_parse_mpd(text))}


def media_duration_s(text: str) -> float:
    """The sum of an HLS media playlist's segment durations."""
    return round(sum(segment_durations_s(text)), 3)


def segment_durations_s(text: str) -> list[float]:
    return [float(value) for value in re.findall(r"^#EXTINF:([0-9.]+)", text, re.MULTILINE)]


def _parse_mpd(text: str) -> ET.Element:
    try:
        root = ET.fromstring(text.removeprefix("\ufeff"))  # noqa: S314 - our own packager's text
    except ET.ParseError as error:
        raise MalformedPlaylist("not XML") from error
    if root.tag != f"{{{_DASH}}}MPD":
        raise MalformedPlaylist("not a DASH manifest")
    return root


def _representations(root: ET.Element) -> Iterator[tuple[ET.Element, ET.Element, str]]:
    """Representation, its SegmentTemplate and the rendition's name (the directory of its files)."""
    for representation in root.iter(f"{{{_DASH}}}Representation"):
        template = representation.find(f"{{{_DASH}}}SegmentTemplate")
        if template is None:
            raise MalformedPlaylist("a Representation has no SegmentTemplate")
        names = set()
        for attribute in ("initialization", "media"):
            name, _, file = template.get(attribute, "").partition("/")
            if not _PLAIN_PATH.fullmatch(name) or not _PLAIN_TEMPLATE.fullmatch(file):
                raise MalformedPlaylist("a template is not a plain relative path")
            names.add(name)
        if len(names) != 1:
            raise MalformedPlaylist("a Representation spans two directories")
        yield representation, template, names.pop()
