"""Playlists in the words of Shaka Packager 3.8, for any number of renditions and segments."""

_GENERATED = "## Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release\n"


def master(videos: list[str], *, audio: bool) -> str:
    text = f"#EXTM3U\n{_GENERATED}\n#EXT-X-INDEPENDENT-SEGMENTS\n\n"
    group = ""
    if audio:
        group = ',AUDIO="audio"'
        text += '#EXT-X-MEDIA:TYPE=AUDIO,URI="audio.m3u8",GROUP-ID="audio",NAME="main",AUTOSELECT=YES,CHANNELS="2"\n\n'
    for name in videos:
        text += (
            f'#EXT-X-STREAM-INF:BANDWIDTH=1903392,CODECS="avc1.42c01e",RESOLUTION=640x{name[1:]}{group}\n{name}.m3u8\n'
        )
    for name in videos:
        text += f'\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=30751,RESOLUTION=640x{name[1:]},URI="{name}-iframe.m3u8"'
    return text + "\n"


def media(name: str, segments: int) -> str:
    head = "#EXT-X-VERSION:6\n" + _GENERATED + "#EXT-X-TARGETDURATION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    body = "".join(f"#EXTINF:6.000,\n{name}/seg-{number:05d}.m4s\n" for number in range(1, segments + 1))
    return f'#EXTM3U\n{head}#EXT-X-MAP:URI="{name}/init.mp4"\n{body}#EXT-X-ENDLIST\n'


def iframes(name: str, segments: int) -> str:
    head = "#EXT-X-VERSION:6\n" + _GENERATED + "#EXT-X-TARGETDURATION:7\n#EXT-X-I-FRAMES-ONLY\n"
    body = "".join(
        f"#EXTINF:6.000,\n#EXT-X-BYTERANGE:17734@84\n{name}/seg-{number:05d}.m4s\n" for number in range(1, segments + 1)
    )
    return f'#EXTM3U\n{head}#EXT-X-MAP:URI="{name}/init.mp4"\n{body}#EXT-X-ENDLIST\n'


def manifest(names: list[str], segments: int) -> str:
    sets = "".join(
        f'<AdaptationSet id="{index}"><Representation id="{index}" bandwidth="71201" codecs="avc1.42c01e" '
        f'mimeType="video/mp4"><SegmentTemplate timescale="12800" initialization="{name}/init.mp4" '
        f'media="{name}/seg-$Number%05d$.m4s" startNumber="1"><SegmentTimeline><S t="0" d="76800" r="{segments - 1}"/>'
        "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>"
        for index, name in enumerate(names)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" '
        f'profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static"><Period id="0">{sets}</Period></MPD>\n'
    )


def version_files(prefix: str, *, videos: list[str], audio: bool, segments: int) -> dict[str, str]:
    names = [*videos, *(["audio"] if audio else [])]
    return {
        f"{prefix}master.m3u8": master(videos, audio=audio),
        f"{prefix}manifest.mpd": manifest(names, segments),
        **{f"{prefix}{name}.m3u8": media(name, segments) for name in names},
        **{f"{prefix}{name}-iframe.m3u8": iframes(name, segments) for name in videos},
    }
