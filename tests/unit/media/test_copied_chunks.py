"""Which segments of a copy each chunk holds, and how what follows it is encoded."""

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest

from sluice.media import chunks, ffmpeg
from sluice.media.chunks import MAX_CHUNKS, ChunkedPlan, Copied, Window
from sluice.media.copied_chunks import plan_stretches
from sluice.media.fragments import Sample, Track
from sluice.media.gate import Segment, segments
from tests.unit.media.sources import planned

FRAME = 3  # bytes


def copy(frames: int, keyframes: Sequence[int], rate: Fraction = Fraction(25), segment_s: float = 6) -> list[Segment]:
    """One file of pictures of three bytes, each shown when it is decoded."""
    step = rate.denominator
    samples = (Sample(number * step, number in keyframes, number * FRAME, FRAME) for number in range(frames))
    return segments(Track(rate.numerator, b"", tuple(samples)), segment_s)


def starts(made: list[Segment], chunk_s: float = 60) -> list[float]:
    return [round(float(stretch.window.start_s), 3) for stretch in plan_stretches(made, chunk_s=chunk_s)]


@pytest.mark.parametrize(
    ("rate", "keyframes"),
    [
        (Fraction(24_000, 1001), range(0, 9000, 48)),  # a grid that 6 s are no multiple of
        (Fraction(25), range(0, 9000, 249)),  # nearly 10 s
        (Fraction(30_000, 1001), sorted({n * n % 9000 for n in range(3000)})),  # as scenes change
        (Fraction(50), range(0, 9000, 25)),
    ],
    ids=["film", "long_gops", "irregular", "short_gops"],
)
def test_chunks_begin_at_segments_and_leave_nothing_out(rate: Fraction, keyframes: Sequence[int]) -> None:
    cut = copy(9000, set(keyframes), rate)
    made = plan_stretches(cut, chunk_s=60)
    assert len(made) > 2
    assert {stretch.window.start_s for stretch in made} <= {segment.start_s for segment in cut}
    assert sum(stretch.frames for stretch in made) == 9000
    for one, following in pairwise(made):
        assert one.window.length_s is not None and 50 <= one.window.length_s <= 60
        assert one.window.start_s + one.window.length_s == following.window.start_s
        assert one.frames == one.window.length_s * rate
        assert following.offset == one.offset + one.frames * FRAME
        assert following.offset // FRAME in keyframes
    assert (made[0].window.start_s, made[0].offset, made[-1].window.length_s) == (0, 0, None)
    assert made[-1].frames / rate >= 30


def test_a_segment_that_would_not_fit_begins_the_next_chunk() -> None:
    nearly_ten = copy(2500, range(0, 2500, 249))
    assert starts(nearly_ten, chunk_s=25) == [0, 19.92, 39.84, 59.76, 79.68]
    assert starts(nearly_ten, chunk_s=1) == [round(9.96 * number, 3) for number in range(10)]


@pytest.mark.parametrize(("frames", "expected"), [(2200, [0]), (2300, [0, 60]), (3700, [0, 60]), (3760, [0, 60, 120])])
def test_a_short_tail_belongs_to_the_chunk_before_it(frames: int, expected: list[float]) -> None:
    assert starts(copy(frames, range(0, frames, 50))) == expected


def test_twelve_hours_make_no_more_chunks_than_an_execution_can_tell_of() -> None:
    hours = [Segment(Fraction(10 * n), Fraction(10), 250, n, 1) for n in range(12 * 360)]
    made = plan_stretches(hours, chunk_s=60)
    assert MAX_CHUNKS * 0.8 < len(made) <= MAX_CHUNKS
    assert made[0].window.length_s == 110


def test_a_piece_of_a_copy_is_encoded_like_the_copy() -> None:
    whole = planned()
    lower = whole.model_copy(update={"video": whole.video[1:], "audio": (), "from_copy": True})
    one_run = ffmpeg.encode_argv("/bin/ffmpeg", "piece", lower, processors=2)
    first, last = Window(start_s=Fraction(0), length_s=Fraction(12)), Window(start_s=Fraction(12), length_s=None)
    end = ["-bsf:v", "setts=pts=PTS:dts=DTS:duration=12/1/TB+STARTDTS-DTS"]
    added = {first: end, last: chunks.buffer_options(last, buffer_kbits=2 * lower.video[0].max_kbps)}
    for window, more in added.items():
        argv = ffmpeg.encode_argv("/bin/ffmpeg", "piece", lower, processors=2, window=window)
        assert more
        at = argv.index(more[0])
        assert argv[at : at + 2] == more
        assert argv[:at] + argv[at + 2 :] == one_run


def test_plans_of_the_release_before_are_read_and_it_reads_ours_without_a_copy() -> None:
    plan = ChunkedPlan(plan=planned(), windows=(Window(start_s=Fraction(0), length_s=None),))
    before = json.loads(plan.model_dump_json())
    del before["copied"]
    assert ChunkedPlan.model_validate_json(json.dumps(before)) == plan
    ours = plan.model_dump_json(exclude_defaults=True)
    assert "copied" not in json.loads(ours)
    assert ChunkedPlan.model_validate_json(ours) == plan
    copied = plan.model_copy(update={"copied": Copied(frames=(250,), length_s=10.0)})
    assert ChunkedPlan.model_validate_json(copied.model_dump_json(exclude_defaults=True)) == copied
    assert (plan.encoded.names, copied.encoded.names) == (["v360", "v240"], ["v240"])
