"""Attack files against ffprobe and ffmpeg as the product runs them: nothing beyond the input is opened or called.

Two walls stand one behind the other, the options and the sandbox; each is tried alone, too.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sluice.adapters.process import ToolRunner
from sluice.domain.encoding import EncodingSettings
from sluice.domain.tools import Progress, ToolOutput, ToolTask
from sluice.media.untrusted import INPUT_OPTIONS
from sluice.media.verdicts import SourceRejected
from sluice.service.rendering import Plan, encode, plan_transcode, render_source
from sluice.service.tool_ports import Tools
from tests.media.clips import BINARIES, Clip, make
from tests.media.conftest import probe_file
from tests.media.hostile.attacks import ATTACKS, JPEG, Attack, Bait
from tests.media.hostile.canaries import Doorbell, OpenedFiles, doorbell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
LIMIT_S = 5


CARELESS = ("-protocol_whitelist", "file,http,tcp,udp,rtp,crypto,data,concat,subfile")


def without_whitelists(argv: tuple[str, ...], instead: tuple[str, ...]) -> tuple[str, ...]:
    at = argv.index(INPUT_OPTIONS[0])
    assert INPUT_OPTIONS[:4:2] == ("-protocol_whitelist", "-format_whitelist")
    return (*argv[:at], *instead, *argv[at + 4 :])


class Bare:
    """The product's argument lists without its sandbox: what the options alone withstand."""

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        ended = subprocess.run(task.argv, cwd=task.cwd, env={}, capture_output=True, timeout=60)
        stdout, stderr = (text.decode(errors="replace") for text in (ended.stdout, ended.stderr))
        return ToolOutput(ended.returncode, stdout, stderr, 0.0, 0, "none")


@dataclass
class Careless:
    """Programs that may open whatever they are told to, in the sandbox or outside of it."""

    inner: Tools

    def run(self, task: ToolTask, *, on_progress: Progress | None = None) -> ToolOutput:
        return self.inner.run(replace(task, argv=without_whitelists(task.argv, CARELESS)))


@dataclass
class Scene:
    """A folder with the attacker's file and its neighbours, an empty working directory, a secret, a server."""

    folder: Path
    work: Path
    secret: Path
    opened: OpenedFiles
    bell: Doorbell

    def place(self, attack: Attack, name: str) -> Path:
        for number in range(5):
            (self.folder / f"{number}.jpg").write_bytes(JPEG)
        source = self.folder / name
        source.write_bytes(attack.content(Bait(self.secret, self.bell.port)))
        self.opened.names()
        return source

    def touched(self, source: Path) -> set[Path]:
        """Files opened beside the input and what was written."""
        return {path for path in self.opened.names() if path != source and path.parent != self.work}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    folder, work, vault = tmp_path / "in", tmp_path / "work", tmp_path / "vault"
    for path in (folder, work, vault):
        path.mkdir()
    secret = vault / "secret.ts"
    secret.write_bytes(b"-----BEGIN SECRET-----\n")
    opened = OpenedFiles(folder, work, vault)
    with doorbell() as bell:
        yield Scene(folder, work, secret, opened, bell)
    opened.close()


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Of an honest clip: as if a probe had let the attack pass."""
    folder = tmp_path_factory.mktemp("honest")
    return plan_transcode(probe_file(make(Clip(seconds=1), folder), folder), EncodingSettings())


def with_ffprobe(source: Path, work: Path, _plan: Plan, tools: Tools) -> None:
    """And whatever follows if it accepts the file."""
    render_source(
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


def with_ffmpeg(source: Path, work: Path, plan: Plan, tools: Tools) -> None:
    encode(source, work, plan, tools=tools, binaries=BINARIES, processors=1, on_stage=lambda *_: None)


PROGRAMS = pytest.mark.parametrize("program", [with_ffprobe, with_ffmpeg], ids=["ffprobe", "ffmpeg"])
EACH = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
Program = Callable[[Path, Path, Plan, Tools], None]


def ending(program: Program, source: Path, scene: Scene, plan: Plan, tools: Tools) -> str:
    try:
        program(source, scene.work, plan, tools)
    except SourceRejected as verdict:
        return verdict.code
    return "accepted"


@PROGRAMS
@EACH
@pytest.mark.parametrize("as_uploaded", [False, True], ids=["renamed", "as_uploaded"])
def test_nothing_is_opened_or_called(
    as_uploaded: bool, attack: Attack, program: Program, scene: Scene, plan: Plan
) -> None:
    """The product drops the name; the options must hold under the attacker's own, too."""
    source = scene.place(attack, attack.file if as_uploaded else "source")
    for tools in (ToolRunner(), Bare()):
        started = time.monotonic()
        code = ending(program, source, scene, plan, tools)
        assert time.monotonic() - started < LIMIT_S
        assert code in ("input.not_video", "input.corrupt", "input.no_streams", "input.unsupported_codec")
        assert scene.touched(source) == set()
        assert scene.bell.rings() == 0


@EACH
@PROGRAMS
def test_the_sandbox_alone_lets_nobody_call(attack: Attack, program: Program, scene: Scene, plan: Plan) -> None:
    source = scene.place(attack, attack.file)
    ending(program, source, scene, plan, Careless(ToolRunner()))
    assert scene.bell.rings() == 0


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.bites], ids=lambda attack: attack.name)
def test_the_canaries_see(attack: Attack, scene: Scene, plan: Plan) -> None:
    """Without the options these attacks work: else the tests above would show nothing."""
    source = scene.place(attack, attack.file)
    for program in (with_ffprobe, with_ffmpeg):
        ending(program, source, scene, plan, Careless(Bare()))
    assert scene.touched(source) or scene.bell.rings()
