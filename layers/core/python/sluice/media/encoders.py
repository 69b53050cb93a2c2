"""The options of the video encoders, one function per codec."""

from sluice.domain.encoding import VideoCodec
from sluice.media.ladder import Plan, VideoRendition

# Keyframes where the copied rendition has its own, with its very timestamps.
_SOURCE_KEYFRAMES = ("-enc_time_base", "demux", "-force_key_frames", "source", "-g", "100000")


def encoder_options(made: VideoRendition, plan: Plan, *, threads: int) -> list[str]:
    return [
        *_ENCODERS[made.codec](made, threads),
        "-crf", str(made.crf),
        "-maxrate", f"{made.max_kbps}k",
        "-bufsize", f"{made.max_kbps * 2}k",
        "-profile:v", made.profile,
        *(("-level:v", made.level) if made.level else ()),
        *(() if plan.b_frames else ("-bf", "0")),
        *(_SOURCE_KEYFRAMES if plan.from_copy else ("-g", str(made.gop_frames), "-keyint_min", str(made.gop_frames))),
        "-flags", "+cgop",  # no frame refers across a keyframe: any segment can be the first one played
    ]  # fmt: skip


def _x264(_made: VideoRendition, threads: int) -> list[str]:
    return [
        "-c:v", "libx264",
        "-preset", "veryfast",
        "-threads", str(threads),
        "-sc_threshold", "0",  # no further keyframes, so that all renditions switch at the same frames
    ]  # fmt: skip


def _x265(made: VideoRendition, threads: int) -> list[str]:
    parameters = {
        "keyint": made.gop_frames,
        "min-keyint": made.gop_frames,
        "scenecut": 0,  # keyframes only on the grid
        "open-gop": 0,  # its own default is open, which the flag does not reach
        "pools": threads,  # `-threads` would be its frame threads, each with a frame's memory
        "frame-threads": 1,
        "info": 0,  # else its options stand in the header, which all chunks of a film have to share, and theirs differ
        "log-level": "error",
    }
    return [
        "-c:v", "libx265",
        "-preset", "fast",
        "-tag:v", "hvc1",  # Apple's players refuse hev1
        "-x265-params", _joined(parameters),
    ]  # fmt: skip


def _svt_av1(_made: VideoRendition, threads: int) -> list[str]:
    return [
        "-c:v", "libsvtav1",
        "-preset", "8",
        "-svtav1-params", _joined({"lp": threads, "scd": 0}),  # no keyframes at scene changes
    ]  # fmt: skip


_ENCODERS = {VideoCodec.H264: _x264, VideoCodec.HEVC: _x265, VideoCodec.AV1: _svt_av1}


def _joined(parameters: dict[str, object]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())
