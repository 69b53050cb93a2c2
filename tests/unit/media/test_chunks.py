"""Which frames a chunk holds, how its piece is cut and how it is read."""

import json
from fractions import Fraction

import pytest

from sluice.media import chunks, ffmpeg
from sluice.media.chunks import MAX_CHUNKS, Window, plan_windows
from sluice.media.grid import grid
from tests.unit.media.sources import planned, source, video

NTSC = Fraction(24_000, 1001)


def windows(duration_s: float, rate: Fraction = Fraction(25), chunk_s: float = 60) -> tuple[Window, ...]:
    return plan_windows(duration_s=duration_s, rate=rate, segment_frames=segment_frames(rate), chunk_s=chunk_s)


def segment_frames(rate: Fraction) -> int:
    return 3 * grid(rate, gop_s=2, segment_s=6).gop_frames


@pytest.mark.parametrize("rate", [NTSC, Fraction(30_000, 1001), Fraction(60_000, 1001), Fraction(25), Fraction(50)])
@pytest.mark.parametrize("duration_s", [301.0, 754.3, 7200.0, 43_199.0])
def test_chunks_are_whole_segments_and_leave_nothing_out(rate: Fraction, duration_s: float) -> None:
    made = windows(duration_s, rate)
    assert made[0].start_s == 0
    assert len(made) <= MAX_CHUNKS
    *closed, last = made
    segment = segment_frames(rate)
    for one, following in zip(closed, made[1:], strict=True):
        frames = one.frames_at(rate)
        assert frames is not None and frames % segment == 0
        assert one.start_s + frames / rate == following.start_s
        assert one.length_s is not None and (one.length_s <= 60 or len(made) > MAX_CHUNKS // 2)
    assert last.length_s is None
    longest = 1.5 * float(made[0].length_s or 0)
    assert float(made[0].length_s or 0) / 2 <= duration_s - float(last.start_s) + 1 <= longest + 2


@pytest.mark.parametrize(("duration_s", "starts"), [(89, [0]), (90, [0, 60]), (149, [0, 60]), (150, [0, 60, 120])])
def test_a_short_tail_belongs_to_the_chunk_before_it(duration_s: float, starts: list[int]) -> None:
    assert [window.start_s for window in windows(duration_s)] == starts


def test_a_chunk_is_never_shorter_than_a_segment() -> None:
    assert windows(30, chunk_s=1)[0].length_s == 6


def test_twelve_hours_make_no_more_chunks_than_an_execution_can_tell_of() -> None:
    made = windows(12 * 3600)
    assert MAX_CHUNKS * 0.9 < len(made) <= MAX_CHUNKS
    assert made[0].length_s == 108


def test_half_the_rate_has_half_the_frames_and_a_broken_count_is_an_error() -> None:
    window = windows(300, Fraction(50))[1]
    assert (window.frames_at(Fraction(50)), window.frames_at(Fraction(25))) == (3000, 1500)
    with pytest.raises(ValueError, match="a chunk of"):
        window.frames_at(Fraction(50, 7))


def between(argv: list[str], first: str, last: str) -> list[str]:
    return argv[argv.index(first) : argv.index(last)]


def test_a_piece_begins_before_its_chunk_and_ends_behind_it() -> None:
    first, second, last = windows(180)
    late = video(start_s=0.5, index=3)
    argv = chunks.cut_argv("/bin/ffmpeg", "/s/source", "1.nut", late, second, longest_s=258)
    assert between(argv, "-ss", "-i") == ["-ss", "58.500000", "-t", "64.000000"]
    assert between(argv, "-map", "-map_metadata") == ["-map", "0:3", "-c", "copy"]
    assert argv.index("-format_whitelist") < argv.index("-i")
    begin = chunks.cut_argv("/bin/ffmpeg", "/s/source", "0.nut", late, first, longest_s=258)
    assert between(begin, "-ss", "-i") == ["-ss", "0.000000", "-t", "62.500000"]
    end = chunks.cut_argv("/bin/ffmpeg", "/s/source", "2.nut", late, last, longest_s=258)
    assert between(end, "-ss", "-i") == ["-ss", "118.500000", "-t", "139.500000"]


def test_a_chunk_is_encoded_from_its_piece_without_sound() -> None:
    plan = planned(source(video=video(index=1, rotation=90)))
    argv = ffmpeg.encode_argv("/bin/ffmpeg", "/s/1.nut", plan, processors=2, window=windows(180)[1])
    before = argv[: argv.index("-i")]
    assert before[-9:-2] == ["-copyts", "-f", "nut", "-format_whitelist", "nut", "-display_rotation:v", "90"]
    whole = argv[argv.index("-filter_complex") + 1]
    assert whole.startswith("[0:0]setpts=min(PTS-10.000000/TB\\,71/TB),trim=start=59.680000,scale=")
    closing = "fps=25/1:start_time=60.000000,tpad=stop=-1:stop_mode=clone,trim=end_frame=1500,setpts=PTS-STARTPTS"
    assert whole.count(f"{closing}[v") == whole.count("fps=") == len(plan.video) == 2
    assert "audio.mp4" not in argv


def test_only_the_first_chunk_begins_with_a_full_rate_buffer() -> None:
    first, second, _ = windows(180)
    assert chunks.buffer_options(first, buffer_kbits=1600) == []
    assert chunks.buffer_options(second, buffer_kbits=1600) == ["-rc_init_occupancy", "880000"]
    argv = ffmpeg.encode_argv("/bin/ffmpeg", "/s/1.nut", planned(source()), processors=2, window=second)
    assert argv.count("-rc_init_occupancy") == len(planned(source()).video)


def test_the_last_chunk_ends_with_its_source_and_a_variable_rate_is_not_trimmed_before_it_is_made_constant() -> None:
    plan = planned(source(video=video(variable_rate=True)))
    argv = ffmpeg.encode_argv("/bin/ffmpeg", "/s/1.nut", plan, processors=2, window=windows(180)[2])
    assert "trim=" not in argv[argv.index("-filter_complex") + 1]


def look(pts_time: str = "68.5", flags: str = "K__", **stream: object) -> str:
    return json.dumps({"packets": [{"pts_time": pts_time, "flags": flags}], "streams": [{"width": 640, **stream}]})


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (look(), True),
        (look("70.0"), True),
        (look("70.03"), False),
        (look(flags="___"), False),
        ('{"packets": [], "streams": []}', False),
    ],
)
def test_a_piece_that_begins_too_late_is_found(answer: str, ok: bool) -> None:
    assert chunks.begins_in_time(answer, video(), windows(180)[1]) is ok


def test_a_piece_must_describe_its_picture_as_the_source_does() -> None:
    assert chunks.same_picture(look(), look("0", color_range="tv", field_order="progressive"))
    assert not chunks.same_picture(look(), look(color_range="pc"))
    assert not chunks.same_picture(look(), look(width=1280))
    assert not chunks.same_picture('{"streams": []}', '{"streams": []}')
