"""ffprobe's words on packets, and what only words can show: a source that is never seen as a file here."""

import pytest

from sluice.media.gate import Refusal, refuse_packets
from sluice.media.source_packets import Packet, StreamPackets, parse_packets
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
    assert streams[0].packets == (Packet(0, 800, False), Packet(None, 200, False))
    assert streams[1].packets == (Packet(-1024, 40, True),)
    assert "Display Matrix" in streams[0].fields.values()


def test_a_cut_answer_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        parse_packets("packet|stream_index=0|pts=0\n")


def test_a_packet_without_its_time_is_refused() -> None:
    packets = (Packet(0, 9, False), Packet(None, 9, False), Packet(1024, 9, False))
    assert refuse_packets(StreamPackets({"time_base": "1/12800"}, packets), TOP) is Refusal.MISSING_PTS
