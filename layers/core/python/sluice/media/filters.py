"""The filter graph of an encode: one decoded picture becomes all sizes and rates, each sound track a rendition's."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

from sluice.media import chunks
from sluice.media.chunks import Window
from sluice.media.colour import hdr_steps, is_hdr, sdr_steps
from sluice.media.ladder import Plan, VideoRendition
from sluice.media.sound import AudioRendition
from sluice.media.source import VideoStream

AUDIO_RATE = 48_000


def filter_graph(plan: Plan, window: Window | None = None) -> str:
    """`window`: the source is a piece of the whole, of which only the picture is read; one of a copy has no other
    frames than its chunk's.
    """
    chains: list[str] = []
    if plan.source.video is not None and plan.video:
        chains += video_graph(plan.source.video, plan, window)
    if window is None:
        chains += audio_chains(plan)
    return ";".join(chains)


def video_graph(video: VideoStream, plan: Plan, window: Window | None) -> Iterator[str]:
    """Two cascades where some renditions keep a high dynamic range, else one."""
    steps = _first_steps(video, plan, window)
    if video.interlaced:
        steps.append("bwdif=mode=send_frame:deint=interlaced")  # one frame per frame, and only those marked interlaced
    pad = "0:0" if plan.from_copy or window else f"0:{video.index}"
    sdr = [made for made in plan.video if not made.hdr]
    if hdr := [made for made in plan.video if made.hdr]:
        yield f"[{pad}]{_chain(steps, ['sdr', 'hdr'])}"
        yield from _cascade("hdr", [], hdr, video, plan, window)
        pad, steps = "sdr", []
    yield from _cascade(pad, steps, sdr, video, plan, window)


def _cascade(
    pad: str,
    steps: list[str],
    renditions: list[VideoRendition],
    video: VideoStream,
    plan: Plan,
    window: Window | None,
) -> Iterator[str]:
    """Each size is scaled from the one above it, which costs a third of scaling each from the source."""
    sizes = [list(same) for _, same in groupby(renditions, key=lambda made: (made.width, made.height))]
    for same, below in zip(sizes, (*sizes[1:], None), strict=True):
        first = same[0]
        steps = [*steps, *_size_steps(first, video, from_source=same is sizes[0] and not plan.from_copy)]
        if below:
            yield f"[{pad}]{_chain(steps, [f'scaled_{first.name}', f'to_{below[0].name}'])}"
            pad, steps = f"scaled_{first.name}", []
        pads = [made.name for made in same]
        yield f"[{pad}]{_chain([*steps, *_rate_steps(first, plan, window)], pads)}"
        pad, steps = f"to_{below[0].name}" if below else "", []


def _size_steps(made: VideoRendition, video: VideoStream, *, from_source: bool) -> list[str]:
    if made.hdr:
        return [*hdr_steps(video, made.width, made.height), "setsar=1", "format=yuv420p10le"]
    if from_source and is_hdr(video):
        scaled = sdr_steps(video, made.width, made.height)
    else:
        scaled = [f"scale={made.width}:{made.height}:out_range=tv"]  # phones deliver full range; players expect tv
    return [*scaled, "setsar=1", "format=yuv420p"]  # the only sampling that every H.264 decoder has


def _first_steps(video: VideoStream, plan: Plan, window: Window | None) -> list[str]:
    if plan.from_copy:
        return []
    if window is not None:
        return chunks.first_steps(video, window, longest_s=plan.longest_s)
    # Every rendition begins at 0; audio_chain shifts the sound by as much. The bound is for the end of the stream: `-t`
    # drops late frames, but not their time, up to which `fps` would repeat the last one.
    return [f"setpts=min(PTS-STARTPTS\\,{plan.longest_s:.0f}/TB)"]


def _rate_steps(made: VideoRendition, plan: Plan, window: Window | None) -> list[str]:
    """Puts frames on the exact grid. At a constant rate it neither repeats nor drops one, it only removes jitter.

    After scaling: a repeated frame is then one more reference, not one more picture. Before it, a pause of two minutes
    filled gigabytes, as ffmpeg scales all its frames before the first is encoded.
    """
    rate = plan.rate or made.rate
    # Frames 0, 2, 4…: `fps` would choose others after a rounding.
    every = [f"framestep={rate / made.rate}"] if made.rate != rate else []
    if plan.from_copy:
        return every
    return [*(chunks.rate_steps(rate, window) if window else [f"fps={ratio(rate)}"]), *every]


def _chain(steps: list[str], pads: list[str]) -> str:
    split = [f"split={len(pads)}"] if len(pads) > 1 else []
    return (",".join([*steps, *split]) or "null") + "".join(f"[{pad}]" for pad in pads)


def audio_chains(plan: Plan) -> list[str]:
    return [audio_chain(made, plan) for made in plan.audio if made.mode == "encode"]


def audio_chain(made: AudioRendition, plan: Plan) -> str:
    gain = f",volume={made.gain_db:.2f}dB" if made.gain_db else ""
    # first_pts=0 with async=1 pads or cuts the start and fills gaps with silence, so that sound stays with the picture.
    return (
        f"[0:{made.index}]asetpts=PTS-{plan.source.start_s:.6f}/TB,"
        f"aresample={AUDIO_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo{gain}[{made.name}]"
    )


def ratio(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
