"""Segments as Packager will cut them: at the first keyframe at or behind each multiple."""

import pytest

from sluice.media.bitstream import Bitstream
from sluice.media.fragments import Sample, Track
from sluice.media.gate import Refusal, refuse_copy, segments
from sluice.media.source_packets import Packet, Packets, StreamPackets
from tests.unit.media.sources import planned, source, video

(TOP, *_) = planned(source(video=video(width=426, height=240))).video  # may have 400 kbit/s


def track(keyframes: set[int], seconds: int, *, sizes: dict[int, int] | None = None) -> Track:
    """One picture each second; the first at 7, as in a stream whose edit list begins there."""
    return Track(1, b"", tuple(Sample(7 + at, at in keyframes, 0, (sizes or {}).get(at, 100)) for at in range(seconds)))


@pytest.mark.parametrize(
    ("keyframes", "lengths"),
    [
        ({0, 2, 4, 6, 8, 10, 12}, [6, 6, 2]),
        ({0, 4, 8, 12}, [8, 4, 2]),
        ({0, 5, 10}, [10, 4]),
        ({0, 13}, [13, 1]),
        ({0}, [14]),
    ],
)
def test_lengths(keyframes: set[int], lengths: list[int]) -> None:
    assert [part.length_s for part in segments(track(keyframes, 14), 6)] == lengths


def verdict(copy: Track) -> Refusal | None:
    packets = StreamPackets({"time_base": "1/1"}, Packets.of(Packet(s.pts, s.size, False) for s in copy.samples))
    bitstream = Bitstream(1, 1, tuple(sample.sync for sample in copy.samples))
    return refuse_copy(copy, bitstream, packets, top=TOP, segment_s=6)


def test_a_segment_may_have_as_many_bits_as_an_encode_of_its_rung() -> None:
    most = 400_000 * (6 + 2) // 8  # the cap for its length, and a decoder's buffer
    assert verdict(track({0, 6, 12}, 14, sizes={6: most - 500})) is None
    assert verdict(track({0, 6, 12}, 14, sizes={6: most - 499})) is Refusal.PEAK


def test_a_player_waits_ten_seconds_at_most() -> None:
    assert verdict(track({0, 10}, 12)) is None
    assert verdict(track({0, 11}, 12)) is Refusal.SEGMENT_LENGTH
