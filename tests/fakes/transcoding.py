"""The transcoder's outside: both buckets as folders of bytes, and programs that answer as told."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from sluice.domain.errors import ProviderFailure
from sluice.domain.tools import Binaries, Progress, ToolOutput, ToolTask
from tests.fakes import packager_output

BINARIES = Binaries(ffmpeg="/bin/ffmpeg", ffprobe="/bin/ffprobe", packager="/bin/packager", copier="/bin/copier")


class FakeSources:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.on_download: Callable[[], None] = lambda: None

    def download(self, key: str, path: Path) -> None:
        self.on_download()
        if key not in self.objects:
            raise ProviderFailure("The source could not be read (404).")
        path.write_bytes(self.objects[key])


class StoredMedia(NamedTuple):
    body: bytes
    content_type: str
    cache_control: str
    metadata: dict[str, str]


class FakeMediaObjects:
    def __init__(self) -> None:
        self.objects: dict[str, StoredMedia] = {}  # in order of arrival
        self.fail_on: str | None = None  # a part of a key
        self._lock = Lock()

    def put_file(
        self, key: str, path: Path, *, content_type: str, cache_control: str, metadata: dict[str, str]
    ) -> None:
        if self.fail_on and self.fail_on in key:
            raise ProviderFailure
        with self._lock:
            self.objects[key] = StoredMedia(path.read_bytes(), content_type, cache_control, metadata)

    def delete(self, key: str) -> None:
        if self.fail_on and self.fail_on in key:
            raise ProviderFailure
        self.objects.pop(key, None)


class FakeWorkObjects:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, path: Path) -> None:
        self.objects[key] = path.read_bytes()

    def get(self, key: str, path: Path) -> None:
        if key not in self.objects:
            raise ProviderFailure("An intermediate result could not be read.")
        path.write_bytes(self.objects[key])


STREAMS = {
    "streams": [
        {
            "index": 0,
            "codec_type": "video",
            "codec_name": "h264",
            "width": 640,
            "height": 360,
            "r_frame_rate": "25/1",
            "avg_frame_rate": "25/1",
            "time_base": "1/25",
            "start_time": "0.0",
            "duration": "12.0",
        },
        {"index": 1, "codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": 2},
    ],
    "format": {"format_name": "mov,mp4", "start_time": "0.0", "duration": "12.0"},
}


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def fragment(time: int, sequence: int = 0) -> bytes:
    header = box(
        b"moof",
        box(b"mfhd", struct.pack(">II", 0, sequence)),
        box(b"traf", box(b"tfdt", struct.pack(">IQ", 1 << 24, time))),
    )
    return header + box(b"mdat", b"frames")


TIMESCALE = 12_800
MOVIE = box(b"moov", box(b"trak", box(b"mdia", box(b"mdhd", struct.pack(">IIII", 0, 0, 0, TIMESCALE)))))
FRAGMENTED = MOVIE + fragment(0)
PACKETS = {"packets": [{"pts": n} for n in range(300)]}


@dataclass
class FakeTools:
    """ffprobe tells of a 640x360 clip of 12 s; ffmpeg and Packager write the files of the real ones, without media."""

    streams: object = field(default_factory=lambda: STREAMS)
    exit_codes: dict[str, int] = field(default_factory=dict)  # program -> exit code
    stderr: str = ""
    segments: int = 2  # of 6 s
    frames: int = 300  # of whatever is encoded
    on_run: Callable[[ToolTask], None] = lambda _task: None
    tasks: list[ToolTask] = field(default_factory=list)

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        self.tasks.append(task)
        self.on_run(task)
        program = Path(task.argv[0]).name
        stdout = ""
        if program == "ffprobe" and "%+#1" in task.argv:
            stdout = json.dumps(self.look(task.argv[-1]))
        elif program == "ffprobe":
            stdout = json.dumps(PACKETS if "-read_intervals" in task.argv else self.streams)
        elif program == "ffmpeg":
            self._encode(task, on_progress)
        else:
            self._package(task)
        return ToolOutput(
            exit_code=self.exit_codes.get(program, 0),
            stdout=stdout,
            stderr_tail=self.stderr,
            cpu_s=1.0,
            max_rss_bytes=1 << 20,
            sandbox="seccomp",
        )

    def look(self, file: str) -> object:
        """A piece begins with a keyframe at the start of the whole source."""
        start = "10.0" if file.endswith(".nut") else "0.0"
        return {"packets": [{"pts_time": start, "flags": "K__"}], "streams": [{"codec_name": "h264"}]}

    def _encode(self, task: ToolTask, on_progress: Progress | None) -> None:
        if task.argv[-1].endswith(".nut"):
            Path(task.argv[-1]).write_bytes(b"piece")
            return
        for before, word in pairwise(task.argv):
            if word == "candidate-%03d.jpg":
                for number, size in enumerate((9, 5, 8), start=1):
                    (task.cwd / f"candidate-{number:03d}.jpg").write_bytes(b"j" * size)
            if word == "storyboard-%03d.jpg":
                (task.cwd / "storyboard-001.jpg").write_bytes(b"jpeg")
            if word == "preview.webp":
                (task.cwd / word).write_bytes(b"webp")
            if word.endswith(".mp4") and before != "-i":
                (task.cwd / word).write_bytes(FRAGMENTED)
        if on_progress:
            on_progress({"frame": "150", "out_time_us": "6000000", "speed": "2.5x", "progress": "continue"})
            on_progress({"frame": str(self.frames), "out_time_us": "12000000", "speed": "2.4x", "progress": "end"})

    def _package(self, task: ToolTask) -> None:
        names = [word.split(",")[0].removeprefix("in=").removesuffix(".mp4") for word in task.argv if word[:3] == "in="]
        videos = [name for name in names if name != "audio"]
        texts = packager_output.version_files("", videos=videos, audio="audio" in names, segments=self.segments)
        for path, text in texts.items():
            (task.cwd / path).write_text(text)
        for name in names:
            (task.cwd / name).mkdir()
            for file in ("init.mp4", *(f"seg-{number:05d}.m4s" for number in range(1, self.segments + 1))):
                (task.cwd / name / file).write_bytes(b"x" * 1000)
