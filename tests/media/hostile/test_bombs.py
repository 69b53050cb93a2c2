"""Each bomb ends in seconds, in little memory, with the verdict that fits; odd clocks that are no bombs still play."""

import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Progress, ToolOutput, ToolTask
from sluice.media.verdicts import SourceRejected
from sluice.service.rendering import Rendered, render_source
from tests.media.clips import BINARIES, Clip, ffmpeg, make
from tests.media.hostile.bombs import BOMBS, H264, Bomb, encoded, jump
from tests.media.measure import decoded_frames, joined

LIMIT_S = 5
MEMORY_MIB = 1024  # what the probe is given; the encoder of these small clips must not need more


@pytest.fixture(scope="module")
def small() -> Iterator[Executor]:
    """A fresh interpreter: a program's peak counts the memory of the process that it was forked from."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def run_tool(task: ToolTask) -> ToolOutput:
    return ToolRunner().run(task)


@dataclass
class Weighed:
    """The runner, in a process of its own, and what each program took."""

    small: Executor
    outputs: list[ToolOutput] = field(default_factory=list)

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        self.outputs.append(output := self.small.submit(run_tool, task).result())
        return output

    @property
    def peak_mib(self) -> int:
        return max(output.max_rss_bytes for output in self.outputs) >> 20


def render(content: bytes, folder: Path, tools: Weighed | ToolRunner) -> Rendered:
    source, work = folder / "source", folder / "work"
    source.write_bytes(content)
    work.mkdir()
    return render_source(
        source,
        work,
        settings=EncodingSettings(),
        tools=tools,
        binaries=BINARIES,
        processors=1,
        check=lambda _probed: None,
        refine=lambda plan: plan,
        on_stage=lambda *_stage: None,
    )


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_it_does_not_go_off(bomb: Bomb, tmp_path: Path, small: Executor) -> None:
    content, tools = bomb.make(tmp_path), Weighed(small)
    started = time.monotonic()
    with pytest.raises(SourceRejected) as verdict:
        render(content, tmp_path, tools)
    took = time.monotonic() - started
    print(f"{bomb.name}: {len(content)} bytes, {verdict.value.code} in {took:.2f} s, {tools.peak_mib} MiB")
    assert verdict.value.code in bomb.codes
    assert took < LIMIT_S
    assert tools.peak_mib < MEMORY_MIB


def test_a_pause_of_two_minutes_costs_no_memory(tmp_path: Path, small: Executor) -> None:
    """A recorder of a still screen writes nothing. Its 3,000 repeated frames once took 1.5 GB in two sizes."""
    tools = Weighed(small)
    rendered = render(encoded(".mp4", *H264, filters=jump(120), size="426x240")(tmp_path), tmp_path, tools)
    assert rendered.duration_s == pytest.approx(121, abs=0.1)
    assert tools.peak_mib < 400


def test_a_clock_that_wraps_plays(tmp_path: Path) -> None:
    """MPEG-TS counts 33 bits at 90 kHz; before its wrap at 95,443.7 s ffmpeg sees times below zero."""
    late = encoded(".ts", *H264, "-bf", "0", "-muxdelay", "0", "-output_ts_offset", "95443.2")(tmp_path)
    rendered = render(late, tmp_path, ToolRunner())
    assert decoded_frames(joined(rendered, "v90")) == rendered.frames == 25
    assert rendered.duration_s == pytest.approx(1, abs=0.05)


def test_a_slide_show_is_not_taken_for_a_file_cut_short(tmp_path: Path) -> None:
    """Its last picture begins seconds before the end."""
    rendered = render(make(Clip(rate="1/4", seconds=12, sound=False), tmp_path).read_bytes(), tmp_path, ToolRunner())
    assert rendered.duration_s == pytest.approx(12, abs=0.1)


def test_one_frame_plays(tmp_path: Path) -> None:
    ffmpeg("-i", str(make(Clip(seconds=1, sound=False), tmp_path)), "-frames:v", "1", str(tmp_path / "one.mp4"))
    rendered = render((tmp_path / "one.mp4").read_bytes(), tmp_path, ToolRunner())
    assert rendered.frames == decoded_frames(joined(rendered, "v240")) == 1
    assert rendered.duration_s > 0
