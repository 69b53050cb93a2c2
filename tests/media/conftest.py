"""Renders clips with the real programs through the real plan, once per distinct clip."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.media.probe import SourceProbe
from sluice.service.rendering import Rendered, probe_source, render_source
from tests.media.clips import BINARIES, Clip, make

Render = Callable[[Clip], Rendered]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.media)


def render_file(source: Path, work: Path) -> Rendered:
    return render_source(
        source,
        work,
        tools=ToolRunner(),
        binaries=BINARIES,
        processors=2,
        check=lambda _probed: None,
        on_stage=lambda *_stage: None,
    )


def probe_file(source: Path, work: Path) -> SourceProbe:
    return probe_source(source, work, tools=ToolRunner(), binaries=BINARIES)


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    done: dict[Clip, Rendered] = {}

    def run(clip: Clip) -> Rendered:
        if clip not in done:
            folder = tmp_path_factory.mktemp("clip")
            (folder / "out").mkdir()
            # the transcoder's source has no suffix either, so that no program can go by it
            done[clip] = render_file(make(clip, folder).rename(folder / "source"), folder / "out")
        return done[clip]

    return run
