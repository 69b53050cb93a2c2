"""Options that every program gets before it may open a source file, and the limits behind them.

A file named .mp4 may hold a playlist or a script that makes ffmpeg open other files or addresses; the whitelists stop
that, because they are checked by what the file *is*.
"""

# Local files only; formats that carry media and never name other files.
PROTOCOLS = "file"
FORMATS = "mov,matroska,webm,mpegts,avi,flv,mpegps,mpeg,asf,ogg,wav,mp3,mxf,flac,aac,aiff"

MAX_PIXELS = 35_389_440  # 8192 x 4320; a 752 KB file of 16000x16000 took 1.8 GB of memory without it
MAX_STREAMS = 32
MAX_DURATION_S = 12 * 3600  # also ends a file whose timestamps jump by more
MAX_GAP_S = 600  # between two packets of a track: it is filled with frames and silence, and 37 KB became 5 hours
PROBE_MEMORY_BYTES = 1 << 30  # a sample table of 1 KB can claim 2^28 samples; 12 hours at 60 frames/s take 62 MB

INPUT_OPTIONS: tuple[str, ...] = (
    "-protocol_whitelist", PROTOCOLS,
    "-format_whitelist", FORMATS,
    "-max_pixels", str(MAX_PIXELS),
    "-max_streams", str(MAX_STREAMS),
)  # fmt: skip

# What libav says when it reaches a memory limit.
OUT_OF_MEMORY = "Cannot allocate memory"
# What ffmpeg says when -max_pixels stopped it (libavutil/imgutils.c); ffprobe then prints no stream at all.
TOO_MANY_PIXELS = "exceeds specified max pixel count"

VIDEO_CODECS = frozenset((
    "av1", "cfhd", "cinepak", "dnxhd", "dvvideo", "ffv1", "flv1", "h261", "h263", "h263i", "h263p", "h264",
    "hevc", "huffyuv", "indeo3", "indeo5", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1",
    "msmpeg4v2", "msmpeg4v3", "png", "prores", "qtrle", "rawvideo", "rv10", "rv20", "rv30", "rv40", "svq1",
    "svq3", "theora", "utvideo", "vc1", "vp6", "vp6f", "vp8", "vp9", "wmv1", "wmv2", "wmv3",
))  # fmt: skip
AUDIO_CODECS = frozenset((
    "aac", "ac3", "alac", "amr_nb", "amr_wb", "dts", "eac3", "flac", "mp1", "mp2", "mp3", "opus", "truehd",
    "vorbis", "wavpack", "wmapro", "wmav1", "wmav2",
))  # fmt: skip
AUDIO_CODEC_FAMILIES = ("pcm_", "adpcm_")


def audio_supported(codec: str) -> bool:
    return codec in AUDIO_CODECS or codec.startswith(AUDIO_CODEC_FAMILIES)


# First bytes of the containers above: tells a damaged video from something that never was one.
_MAGIC: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (0, b"RIFF"),
    (0, b"FLV\x01"),
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x00\x00\x01\xb3"),  # MPEG video
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF
    (0, b"OggS"),
    (0, b"ID3"),
    (0, b"fLaC"),
    (0, b"FORM"),
    (0, b"\x06\x0e\x2b\x34"),  # MXF
)
HEAD_BYTES = 400  # two MPEG-TS packets


def looks_like_media(head: bytes) -> bool:
    """True if `head`, the first HEAD_BYTES of a file, begins like one of the known containers."""
    transport_stream = head[:1] == b"G" and head[188:189] == b"G"  # sync byte 0x47 every 188 bytes
    return transport_stream or any(head[at : at + len(magic)] == magic for at, magic in _MAGIC)
