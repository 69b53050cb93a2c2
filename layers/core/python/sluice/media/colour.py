"""High dynamic range: PQ (HDR10, SMPTE ST 2084) and HLG (ARIB STD-B67), made SDR in BT.709 or kept with 10 bits."""

from sluice.media.source import VideoStream

_SDR_WHITE = 100  # cd/m2: what a linear 1.0 stands for, as SDR is mastered

# zscale's names for what ffprobe says; primaries and matrix of HDR are BT.2020 unless a source says otherwise.
_PRIMARIES = {"bt709": "bt709", "smpte432": "smpte432", "smpte431": "smpte431"}
_MATRICES = {"bt709": "bt709", "bt2020c": "bt2020c"}


def is_hdr(video: VideoStream) -> bool:
    return video.transfer in ("smpte2084", "arib-std-b67")


def sdr_steps(video: VideoStream, width: int, height: int) -> list[str]:
    """Scales and tone-maps. The input's colours are named: some decoders state them in the header alone."""
    primaries, matrix = _PRIMARIES.get(video.primaries or "", "2020"), _MATRICES.get(video.matrix or "", "2020_ncl")
    return [
        f"zscale=w={width}:h={height}:tin={video.transfer}:pin={primaries}:min={matrix}:t=linear:npl={_SDR_WHITE}",
        "format=gbrpf32le",  # light above white is kept until the curve bends it
        "zscale=p=bt709",
        "tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=tv",
    ]


def hdr_steps(video: VideoStream, width: int, height: int) -> list[str]:
    """The same for renditions that keep it. Players choose by these three words."""
    primaries, matrix = video.primaries or "bt2020", video.matrix or "bt2020nc"
    return [
        f"scale={width}:{height}:out_range=tv",
        f"setparams=color_primaries={primaries}:color_trc={video.transfer}:colorspace={matrix}:range=tv",
    ]
