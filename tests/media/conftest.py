"""Renders clips with the real programs through the real plan, once per distinct clip."""

from pathlib import Path
from typing import Protocol

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings
from sluice.media.source import SourceProbe
from sluice.service.rendering import Rendered, probe_source, render_source
from tests.media.clips import BINARIES, Clip, make

BUILT_IN = EncodingSettings()


class Render(Protocol):
    def __call__(self, clip: Clip, settings: EncodingSettings = BUILT_IN) -> Rendered: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.media)


def render_file(source: Path, work: Path, settings: EncodingSettings = BUILT_IN) -> Rendered:
    return render_source(
        source,
        work,
        settings=settings,
        tools=ToolRunner(),
        binaries=BINARIES,
        processors=2,
        check=lambda _probed: None,
        refine=lambda plan: plan,
        on_stage=lambda *_stage: None,
    )


def probe_file(source: Path, work: Path) -> SourceProbe:
    return probe_source(source, work, tools=ToolRunner(), binaries=BINARIES)


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    done: dict[tuple[Clip, EncodingSettings], Rendered] = {}

    def run(clip: Clip, settings: EncodingSettings = BUILT_IN) -> Rendered:
        if (clip, settings) not in done:
            folder = tmp_path_factory.mktemp("clip")
            (folder / "out").mkdir()
            # the transcoder's source has no suffix either, so that no program can go by it
            source = make(clip, folder).rename(folder / "source")
            done[clip, settings] = render_file(source, folder / "out", settings)
        return done[clip, settings]

    return run
