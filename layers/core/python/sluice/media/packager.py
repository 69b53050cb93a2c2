"""Shaka Packager's argument list: one run cuts CMAF segments that HLS and DASH share, and writes the playlists of both.

Works in one directory: `<rendition>/init.mp4`, `<rendition>/seg-00001.m4s`, `<rendition>.m3u8`,
`<rendition>-iframe.m3u8`, `master.m3u8`, `manifest.mpd`. URIs in the playlists are relative to that directory.
"""

from collections.abc import Mapping

from sluice.media.ladder import Plan
from sluice.media.sound import AudioRendition

HLS_MASTER = "master.m3u8"
DASH_MANIFEST = "manifest.mpd"
INIT_SEGMENT = "init.mp4"


def package_argv(packager: str, plan: Plan, inputs: Mapping[str, str]) -> list[str]:
    """`inputs`: rendition name -> path of its fragmented MP4. Commas and equal signs would split a descriptor."""
    if bad := [path for path in inputs.values() if "," in path or "=" in path]:
        raise ValueError(f"not a path for Packager: {bad[0]}")
    streams = [_video_stream(rendition.name, inputs[rendition.name]) for rendition in plan.video]
    streams += [_audio_stream(made, inputs[made.name]) for made in plan.audio]
    return [
        packager,
        *streams,
        "--segment_duration", _seconds(plan.segment_s),
        # One fragment per GOP: I-frame playlists point at fragments, so seeking previews get every keyframe.
        "--fragment_duration", _seconds(plan.segment_s / plan.gops_per_segment),
        "--hls_master_playlist_output", HLS_MASTER,
        "--hls_playlist_type", "VOD",
        "--mpd_output", DASH_MANIFEST,
        "--generate_static_live_mpd",  # numbered segment files, yet a finished manifest; else it would be a live one
        # Its usual 32 MB of buffer per file cost most of its time and memory. Not 0: one run in a hundred hangs.
        "--io_cache_size", str(1 << 20),
        "--use_fake_clock_for_muxer",  # no wall-clock times in init segments: the same input gives the same bytes
        *_default_language(plan),
        "--quiet",
    ]  # fmt: skip


def _video_stream(name: str, path: str) -> str:
    return f"{_stream(name, path, 'video')},iframe_playlist_name={name}-iframe.m3u8"


def _audio_stream(made: AudioRendition, path: str) -> str:
    language = f",language={made.language}" if made.language else ""
    return f"{_stream(made.name, path, 'audio')},hls_group_id={made.group},hls_name={made.label}{language}"


def _default_language(plan: Plan) -> list[str]:
    """Which rendition of each group players begin with; without a language the first one is."""
    first = plan.audio[0].language if plan.audio else None
    return ["--default_language", first] if first else []


def _stream(name: str, path: str, kind: str) -> str:
    return (
        f"in={path},stream={kind},init_segment={name}/{INIT_SEGMENT},"
        f"segment_template={name}/seg-$Number%05d$.m4s,playlist_name={name}.m3u8"
    )


def _seconds(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
