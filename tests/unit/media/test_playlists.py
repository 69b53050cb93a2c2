"""Rendering what Packager wrote, for one viewer."""

import time
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest

from sluice.media.playlists import (
    MalformedPlaylist,
    codecs,
    media_duration_s,
    render_master,
    render_media,
    render_mpd,
    segment_durations_s,
)

# As written by Packager 3.8.0.
MASTER = """#EXTM3U
## Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release

#EXT-X-INDEPENDENT-SEGMENTS

#EXT-X-MEDIA:TYPE=AUDIO,URI="audio.m3u8",GROUP-ID="audio",NAME="Audio",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"

#EXT-X-STREAM-INF:BANDWIDTH=781094,AVERAGE-BANDWIDTH=778483,CODECS="avc1.64001e,mp4a.40.2",AUDIO="audio"
v360.m3u8

#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=29824,CODECS="avc1.64001e",RESOLUTION=640x360,URI="v360-iframe.m3u8"
"""
MEDIA = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="v360/init.mp4"
#EXTINF:6.006,
v360/seg-00001.m4s
#EXTINF:3.003,
#EXT-X-BYTERANGE:10149@84
v360/seg-00002.m4s
#EXT-X-ENDLIST
"""
MPD = """<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="urn:mpeg:dash:schema:mpd:2011 DASH-MPD.xsd" type="static" mediaPresentationDuration="PT15.015S">
  <Period id="0">
    <AdaptationSet id="0" contentType="video">
      <Representation id="0" bandwidth="649455" codecs="avc1.64001e" mimeType="video/mp4">
        <SegmentTemplate timescale="24000" initialization="v360/init.mp4" media="v360/seg-$Number%05d$.m4s">
          <SegmentTimeline><S t="0" d="144144" r="1"/></SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio">
      <Representation id="2" bandwidth="131639" codecs="mp4a.40.2" mimeType="audio/mp4">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
        <SegmentTemplate timescale="48000" initialization="audio/init.mp4" media="audio/seg-$Number%05d$.m4s"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
"""
NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}


def test_every_child_of_the_master_is_rewritten_and_nothing_else() -> None:
    rendered = render_master(MASTER, child_url=lambda uri: f"{uri}?t=a.b-c_d")
    expected = MASTER
    for name in ("audio.m3u8", "v360.m3u8", "v360-iframe.m3u8"):
        expected = expected.replace(name, f"{name}?t=a.b-c_d")
    assert rendered == expected


def test_every_object_of_a_media_playlist_is_rewritten() -> None:
    seen: list[str] = []

    def media_url(path: str) -> str:
        seen.append(path)
        return f"https://cdn.example/media/ten/ast/ver/{path}?Policy=x~_&Signature=y"

    rendered = render_media(MEDIA, media_url=media_url)
    assert seen == ["v360/init.mp4", "v360/seg-00001.m4s", "v360/seg-00002.m4s"]
    assert rendered.count("https://cdn.example/media/ten/ast/ver/v360/") == 3
    assert '#EXT-X-MAP:URI="https://cdn.example/media/ten/ast/ver/v360/init.mp4?Policy=x~_&Signature=y"' in rendered
    assert "#EXT-X-BYTERANGE:10149@84\n" in rendered


def test_lines_may_end_in_any_way() -> None:
    windows = "\ufeff" + MEDIA.replace("\n", "\r\n").rstrip()
    assert render_media(windows, media_url=str.upper) == render_media(MEDIA, media_url=str.upper)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/seg.m4s",
        "//evil.example/seg.m4s",
        "/media/other/seg.m4s",
        "../other/seg.m4s",
        "v360/../../other/init.mp4",
        "v360/seg.m4s?d=1",
        "v360/seg.m4s#x",
        "data:text/plain,x",
        "v360/.hidden",
        "a/b/c.m4s",
        "v360/seg 1.m4s",
        "v360/%2e%2e",
    ],
)
def test_what_is_not_a_plain_path_is_never_signed(uri: str) -> None:
    for text in (MEDIA.replace("v360/seg-00002.m4s", uri), MEDIA.replace("v360/init.mp4", uri)):
        with pytest.raises(MalformedPlaylist):
            render_media(text, media_url=lambda path: path)
    with pytest.raises(MalformedPlaylist):
        render_mpd(MPD.replace("v360/init.mp4", uri), rendition_base=lambda name: (name, ""))


@pytest.mark.parametrize("text", ["", "\n", "hello", "<MPD/>", " #EXTM3U8X"])
def test_what_is_no_playlist(text: str) -> None:
    with pytest.raises(MalformedPlaylist):
        render_master(text, child_url=str)


def test_each_representation_gets_its_base_and_its_query() -> None:
    signed = {
        "v360": ("https://cdn.example/media/v360/", "Policy=a-b_~&Signature=c"),
        "audio": ("https://cdn.example/media/audio/", "Policy=d&Signature=e$"),
    }
    root = ET.fromstring(render_mpd(MPD, rendition_base=signed.__getitem__))  # noqa: S314 - our own text
    found = {}
    for representation in root.iterfind(".//d:Representation", NS):
        base, template = representation.find("d:BaseURL", NS), representation.find("d:SegmentTemplate", NS)
        assert base is not None
        assert template is not None
        found[base.text] = (template.get("initialization"), template.get("media"))
    assert found == {
        "https://cdn.example/media/v360/": (
            "init.mp4?Policy=a-b_~&Signature=c",
            "seg-$Number%05d$.m4s?Policy=a-b_~&Signature=c",
        ),
        # `$` is the template's own sign and is written twice
        "https://cdn.example/media/audio/": (
            "init.mp4?Policy=d&Signature=e$$",
            "seg-$Number%05d$.m4s?Policy=d&Signature=e$$",
        ),
    }


def test_base_url_stands_where_the_schema_wants_it() -> None:
    root = ET.fromstring(render_mpd(MPD, rendition_base=lambda name: (f"/{name}/", "")))  # noqa: S314 - our own text
    audio = root.findall(".//d:Representation", NS)[1]
    assert [child.tag.rpartition("}")[2] for child in audio] == [
        "AudioChannelConfiguration",
        "BaseURL",
        "SegmentTemplate",
    ]


def test_the_rest_of_the_manifest_stays() -> None:
    rendered = render_mpd(MPD, rendition_base=lambda name: (f"/{name}/", ""))
    assert rendered.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"')
    for part in ('mediaPresentationDuration="PT15.015S"', '<S t="0" d="144144" r="1" />', 'timescale="24000"'):
        assert part in rendered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<MPD",
        "<html/>",
        MPD.replace("SegmentTemplate", "SegmentList"),
        MPD.replace('initialization="v360/init.mp4"', ""),
        MPD.replace('media="v360/', 'media="v240/'),
        MPD.replace('media="v360/seg-$Number%05d$.m4s"', 'media="seg.m4s"'),
    ],
)
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(MalformedPlaylist):
        render_mpd(text, rendition_base=lambda name: (name, ""))


def test_reading_back() -> None:
    assert codecs(MPD) == {"v360": "avc1.64001e", "audio": "mp4a.40.2"}
    assert segment_durations_s(MEDIA) == [6.006, 3.003]
    assert media_duration_s(MEDIA) == 9.009


def test_a_film_is_rendered_in_milliseconds() -> None:
    """Two hours: 1,200 segments. The bound is some twenty times what it takes here."""
    film = MEDIA.replace("#EXT-X-ENDLIST\n", "".join(f"#EXTINF:6.006,\nv360/seg-{n:05d}.m4s\n" for n in range(3, 1201)))
    query = "Policy=" + "p" * 300 + "&Signature=" + "s" * 96
    started = time.process_time()
    rendered = render_media(film, media_url=lambda path: f"https://cdn.example/m/{path}?{query}")
    assert time.process_time() - started < 0.05
    last = next(line for line in reversed(rendered.splitlines()) if not line.startswith("#"))
    assert urlsplit(last).path == "/m/v360/seg-01200.m4s"
    assert set(parse_qs(urlsplit(last).query)) == {"Policy", "Signature"}
