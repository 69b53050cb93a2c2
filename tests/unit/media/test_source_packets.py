"""ffprobe's words on packets, and what only words can show: a source that is never seen as a file here."""

import tracemalloc
from array import array
from fractions import Fraction

import pytest

from sluice.media.gate import Refusal, constant_rate, refuse_packets
from sluice.media.source_packets import Packet, Packets, StreamPackets, parse_packets
from tests.unit.media.sources import planned

ANSWER = """\
packet|stream_index=0|pts=0|size=800|flags=K__
packet|stream_index=1|pts=-1024|size=40|flags=KD_|
packet|stream_index=0|pts=N/A|size=200|flags=___
stream|index=0|profile=High|level=30|time_base=1/12800|side_datum/display_matrix:side_data_type=Display Matrix
stream|index=1|profile=LC|time_base=1/44100
"""
(TOP, *_) = planned().video


def test_packets_are_told_apart_by_stream() -> None:
    streams = parse_packets(ANSWER)
    assert streams[0].packets == Packets.of((Packet(0, 800, False), Packet(None, 200, False)))
    assert streams[0].packets == Packets(2, 0, 1000, array("q", [0]))
    assert streams[1].packets == Packets(1, 1, 40, array("q", [-1024]))
    assert "Display Matrix" in streams[0].fields.values()


def test_a_cut_answer_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        parse_packets("packet|stream_index=0|pts=0\n")


def test_a_packet_without_its_time_is_refused() -> None:
    packets = Packets.of((Packet(0, 9, False), Packet(None, 9, False), Packet(1024, 9, False)))
    assert refuse_packets(StreamPackets({"time_base": "1/12800"}, packets), TOP) is Refusal.MISSING_PTS


def test_a_long_list_takes_a_fraction_of_the_memory_that_its_words_take() -> None:
    """As measured: 11 MB for the 81 MB of six hours. Tuples took four and a half times their words at the peak."""
    text = "".join(
        f"packet|stream_index={n % 2}|pts={512 * n}|size={3000 + n % 900}|flags=___\n" for n in range(100_000)
    )
    streams = text + "stream|index=0|time_base=1/12800\nstream|index=1|time_base=1/48000\n"
    tracemalloc.start()
    found = parse_packets(streams)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0].packets.count + found[1].packets.count == 100_000
    assert peak < len(streams) / 2


def test_a_time_that_is_no_time_is_no_answer() -> None:
    with pytest.raises(OverflowError):
        parse_packets(f"packet|stream_index=0|pts={1 << 70}|size=1|flags=___\n")


@pytest.mark.parametrize(
    ("steps", "constant"),
    [
        ([33, 34, 33], True),  # a millisecond clock
        ([33, 33, 35], False),
        ([512, 512, 512], True),
        ([512, 512, 533], False),
        ([512, 512, 520], True),  # a fiftieth
    ],
)
def test_a_constant_rate_has_steps_of_a_tick_or_a_fiftieth_around_the_average(steps: list[int], constant: bool) -> None:
    stamps = [sum(steps[:number]) for number in range(len(steps) + 1)]
    typical = Fraction(stamps[-1], len(steps))
    exact = all(abs(step - typical) <= max(Fraction(11, 10), typical / 50) for step in steps)
    assert constant_rate(stamps) is exact is constant
