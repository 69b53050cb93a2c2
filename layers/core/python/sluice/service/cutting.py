"""A long source cut into the pieces that its chunks are encoded from, without decoding anything."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sluice.domain.tools import Binaries, ToolLimits, ToolOutput, ToolTask
from sluice.media import chunks
from sluice.media.chunks import Window
from sluice.media.ladder import Plan
from sluice.media.source import VideoStream
from sluice.service.tool_ports import Tools

CUT_DEADLINE_S = 900  # copying a minute takes a second; a file without an index is read from its beginning
LOOK_DEADLINE_S = 60
MOST_TIMES_THE_SOURCE = 3  # neighbours overlap by a group of pictures; a source with one keyframe would be copied often


class NotChunkable(Exception):  # noqa: N818  # no error: one task encodes the whole source instead
    """The source's pieces would not be what the source is."""


class Cutter:
    def __init__(self, source: Path, work: Path, plan: Plan, *, tools: Tools, binaries: Binaries) -> None:
        """`work`: an existing directory. The source must have a picture."""
        if plan.source.video is None:
            raise NotChunkable("no picture")
        self._source, self._work, self._plan = source, work, plan
        self._video: VideoStream = plan.source.video
        self._tools, self._binaries = tools, binaries

    def pieces(self, windows: Sequence[Window]) -> Iterator[Path]:
        """In order. Each is deleted when the next one is asked for. Raises NotChunkable, ToolLimitExceeded."""
        described = self._look(self._source, self._video.index, piece=False)
        room = MOST_TIMES_THE_SOURCE * self._source.stat().st_size
        for number, window in enumerate(windows):
            piece = self._work / f"{number:04d}.nut"
            try:
                self._cut(window, piece)
                room -= piece.stat().st_size
                if room < 0:
                    raise NotChunkable("too few keyframes")
                answer = self._look(piece, 0, piece=True)
                if not chunks.same_picture(answer, described):
                    raise NotChunkable("a piece describes itself differently")
                if not chunks.begins_in_time(answer, self._video, window):
                    raise NotChunkable("a piece begins too late")
                yield piece
            finally:
                piece.unlink(missing_ok=True)

    def _cut(self, window: Window, piece: Path) -> None:
        longest_s = self._plan.longest_s
        argv = chunks.cut_argv(
            self._binaries.ffmpeg, str(self._source), str(piece), self._video, window, longest_s=longest_s
        )
        if self._run(argv, CUT_DEADLINE_S).exit_code != 0 or not piece.exists():
            raise NotChunkable("a piece could not be cut")

    def _look(self, file: Path, stream: int, *, piece: bool) -> str:
        ended = self._run(
            chunks.look_argv(self._binaries.ffprobe, str(file), stream=stream, piece=piece), LOOK_DEADLINE_S
        )
        if ended.exit_code != 0:
            raise NotChunkable("a piece could not be read")
        return ended.stdout

    def _run(self, argv: list[str], deadline_s: float) -> ToolOutput:
        return self._tools.run(ToolTask(argv=tuple(argv), cwd=self._work, limits=ToolLimits(deadline_s=deadline_s)))
