"""What packaged media is: its length against the source's, and its renditions, as measured."""

from pathlib import Path

from sluice.domain.models import Rendition
from sluice.media import packager, playlists, probe, untrusted
from sluice.media.ladder import Plan
from sluice.media.verdicts import Corrupt, TooLong


def checked_duration(plan: Plan, directory: Path) -> float:
    """Of the result. Raises Corrupt if the source ended before its time, TooLong if it was cut at the limit."""
    video, audio = plan.source.video, plan.source.audio
    lengths = {name: playlists.media_duration_s((directory / f"{name}.m3u8").read_text()) for name in plan.names}
    if not all(lengths.values()):
        raise Corrupt  # a header, a sample or two that take no time, and nothing that plays
    actual = lengths[plan.names[0]]
    stated = (video.duration_s if video else audio.duration_s if audio else None) or plan.source.duration_s
    if plan.source.duration_stated and stated is not None and probe.cut_short(actual, stated):
        raise Corrupt
    if actual >= untrusted.MAX_DURATION_S:
        raise TooLong
    if actual > plan.longest_s - 1:  # it was cut there: the length that it states is not its own
        raise Corrupt
    return actual


def describe_renditions(plan: Plan, directory: Path, duration_s: float) -> tuple[Rendition, ...]:
    codecs = playlists.codecs((directory / packager.DASH_MANIFEST).read_text())

    def bitrate(name: str) -> int:
        return round(_size(directory / name) * 8 / duration_s)

    video = [
        Rendition(
            name=made.name,
            kind="video",
            codec=codecs[made.name],
            bitrate=bitrate(made.name),
            width=made.width,
            height=made.height,
            frame_rate=round(float(made.rate), 3),
        )
        for made in plan.video
    ]
    audio = [
        Rendition(
            name=made.name,
            kind="audio",
            codec=codecs[made.name],
            bitrate=bitrate(made.name),
            language=made.language if len(plan.audio) > 1 else None,  # what tells it from the others
            channels=made.channels,
        )
        for made in plan.audio
    ]
    return (*video, *audio)


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())
