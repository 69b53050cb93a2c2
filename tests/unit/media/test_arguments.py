"""The argument lists of the three programs, compared as lists."""

from fractions import Fraction

import pytest

from sluice.media import ffmpeg, packager, trials
from sluice.media.ladder import Plan
from sluice.media.probe import Headers, streams_argv, timing_argv
from sluice.media.quality import SAMPLE_S
from tests.unit.media.sources import AUDIO, planned, source, video

WHITELISTS = [
    "-protocol_whitelist", "file",
    "-format_whitelist", "mov,matroska,webm,mpegts,avi,flv,mpegps,mpeg,asf,ogg,wav,mp3,mxf,flac,aac,aiff",
    "-max_pixels", "35389440",
    "-max_streams", "32",
]  # fmt: skip


def encode(plan: Plan, processors: int = 2) -> list[str]:
    return ffmpeg.encode_argv("/bin/ffmpeg", "/scratch/source", plan, processors=processors)


def graph(plan: Plan) -> list[str]:
    argv = encode(plan)
    return argv[argv.index("-filter_complex") + 1].split(";")


def options(argv: list[str], output: str) -> list[str]:
    """The options of one output file: after the one before it."""
    end = argv.index(output)
    start = max((i for i, word in enumerate(argv[:end]) if word == "-map" and argv[i - 1][:1] != "-"), default=0)
    return argv[start:end]


def test_input_is_fenced_in_before_it_is_named() -> None:
    argv = encode(planned(source()))
    before = argv[: argv.index("-i")]
    at = before.index("-protocol_whitelist")
    assert before[at : at + 8] == WHITELISTS
    assert before[-2:] == ["-t", "71"]  # of the 10 s that it states
    assert argv.count("-i") == 1
    assert "-nostdin" in before


def test_a_file_that_states_no_length_may_play_for_twelve_hours() -> None:
    argv = encode(planned(source().model_copy(update={"duration_stated": False})))
    assert argv[argv.index("-i") - 1] == "43200"


def test_probes_are_fenced_in_too() -> None:
    headers = Headers(container="mov", start_s=0, duration_s=10.0, video={"index": 3, "duration": "9.5"}, tracks=())
    for argv in (
        streams_argv("/bin/ffprobe", "/scratch/source"),
        timing_argv("/bin/ffprobe", "/scratch/source", headers),
    ):
        assert argv[0] == "/bin/ffprobe"
        assert argv[3:11] == WHITELISTS
        assert argv[-2:] == ["-i", "/scratch/source"]


@pytest.mark.parametrize(
    ("container", "duration_s", "intervals"),
    [
        ("mov", 10.0, "%+#300,8.500%"),
        ("mov", 0.4, "%+#300,0.000%"),
        ("mov", None, "%+#300"),
        ("mpegts", 10.0, "%+#300"),
    ],
)
def test_the_end_is_read_where_an_index_leads_to_it(container: str, duration_s: float | None, intervals: str) -> None:
    stream = {"index": 3} if duration_s is None else {"index": 3, "duration": "9.5"}
    headers = Headers(container=container, start_s=0, duration_s=duration_s, video=stream, tracks=())
    argv = timing_argv("/bin/ffprobe", "/scratch/source", headers)
    assert argv[argv.index("-read_intervals") + 1] == intervals
    assert argv[argv.index("-select_streams") + 1] == "3"


def test_the_picture_is_decoded_once_and_scaled_in_a_cascade() -> None:
    assert graph(planned(source())) == [
        "[0:0]setpts=min(PTS-STARTPTS\\,71/TB),scale=640:360:out_range=tv,setsar=1,format=yuv420p,split=2[scaled_v360][to_v240]",
        "[scaled_v360]fps=25/1[v360]",
        "[to_v240]scale=426:240:out_range=tv,setsar=1,format=yuv420p,fps=25/1[v240]",
        "[0:1]asetpts=PTS-0.000000/TB,aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo[audio]",
    ]


def test_a_rendition_alone_needs_no_split() -> None:
    small = planned(source(video=video(width=176, height=144, duration_s=None), tracks=()))
    assert graph(small) == [
        "[0:0]setpts=min(PTS-STARTPTS\\,71/TB),scale=176:144:out_range=tv,setsar=1,format=yuv420p,fps=25/1[v144]",
    ]


def test_interlaced_pictures_are_deinterlaced_frame_by_frame() -> None:
    assert (
        "bwdif=mode=send_frame:deint=interlaced,scale=640:360"
        in graph(planned(source(video=video(interlaced=True))))[0]
    )


def test_sound_is_shifted_with_the_picture() -> None:
    late = planned(source(video=video(start_s=0.08)))
    assert "asetpts=PTS-0.080000/TB" in graph(late)[-1]
    alone = planned(source(video=None, tracks=(AUDIO.model_copy(update={"start_s": 0.5}),)))
    assert "asetpts=PTS-0.500000/TB" in graph(alone)[-1]


def test_video_output() -> None:
    plan = planned(source(video=video(rate=Fraction(24000, 1001))))
    assert options(encode(plan), "v360.mp4") == [
        "-map", "[v360]",
        "-fps_mode", "passthrough",
        "-c:v", "libx264",
        "-preset", "veryfast",
        "-threads", "2",
        "-sc_threshold", "0",
        "-crf", "23",
        "-maxrate", "800k",
        "-bufsize", "1600k",
        "-profile:v", "main",
        "-level:v", "3.0",
        "-g", "48",
        "-keyint_min", "48",
        "-flags", "+cgop",
        "-fs", str(10 * 800 * 125 * 2 + (64 << 20)),
        "-map_metadata", "-1",
        "-map_chapters", "-1",
        "-movflags", "+frag_keyframe+delay_moov+default_base_moof",
        "-f", "mp4",
    ]  # fmt: skip


def test_audio_output() -> None:
    argv = encode(planned(source()))
    assert options(argv, "audio.mp4") == [
        "-map", "[audio]",
        "-c:a", "aac",
        "-b:a", "128k",
        "-fs", str(10 * 128 * 125 * 2 + (64 << 20)),
        "-map_metadata", "-1",
        "-map_chapters", "-1",
        "-movflags", "+frag_keyframe+delay_moov+default_base_moof",
        "-f", "mp4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("processors", "decoder", "encoders"),
    [(1, 1, [1, 1, 1, 1, 1]), (2, 1, [1, 1, 1, 1, 1]), (4, 2, [2, 1, 1, 1, 1]), (16, 8, [8, 4, 2, 1, 1])],
)
def test_threads_follow_pixels(processors: int, decoder: int, encoders: list[int]) -> None:
    plan = planned(source(video=video(width=1920, height=1080)))
    argv = encode(plan, processors)
    assert [int(argv[i + 1]) for i, word in enumerate(argv) if word == "-threads"] == [decoder, *encoders]


def test_sound_alone_has_no_picture_outputs() -> None:
    argv = encode(planned(source(video=None)))
    assert "libx264" not in argv
    assert argv[-1] == "audio.mp4"


def test_packager() -> None:
    plan = planned(source(video=video(rate=Fraction(30000, 1001))))
    argv = packager.package_argv("/bin/packager", plan, {name: f"{name}.mp4" for name in plan.names})
    assert argv == [
        "/bin/packager",
        "in=v360.mp4,stream=video,init_segment=v360/init.mp4,segment_template=v360/seg-$Number%05d$.m4s,"
        "playlist_name=v360.m3u8,iframe_playlist_name=v360-iframe.m3u8",
        "in=v240.mp4,stream=video,init_segment=v240/init.mp4,segment_template=v240/seg-$Number%05d$.m4s,"
        "playlist_name=v240.m3u8,iframe_playlist_name=v240-iframe.m3u8",
        "in=audio.mp4,stream=audio,init_segment=audio/init.mp4,segment_template=audio/seg-$Number%05d$.m4s,"
        "playlist_name=audio.m3u8,hls_group_id=audio,hls_name=Audio",
        "--segment_duration", "6.006",
        "--fragment_duration", "2.002",
        "--hls_master_playlist_output", "master.m3u8",
        "--hls_playlist_type", "VOD",
        "--mpd_output", "manifest.mpd",
        "--generate_static_live_mpd",
        "--io_cache_size", "1048576",
        "--use_fake_clock_for_muxer",
        "--quiet",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["a,stream=audio.mp4", "a=b.mp4"])
def test_a_path_cannot_add_to_a_descriptor(path: str) -> None:
    with pytest.raises(ValueError, match="not a path for Packager"):
        packager.package_argv("/bin/packager", planned(source()), {"v360": path, "v240": "b", "audio": "c"})


def test_every_trial_has_a_largest_size() -> None:
    plan = planned(source())
    argv = trials.trial_argv("/bin/ffmpeg", "/scratch/source", plan, start_s=1, processors=2)
    for trial in trials.trial_files(plan):
        assert options(argv, trial.path)[-2:] == [
            "-fs",
            str(int(SAMPLE_S * trial.made.max_kbps * 125 * 2) + (64 << 20)),
        ]
