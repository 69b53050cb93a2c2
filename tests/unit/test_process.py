"""The process runner with real programs: what a child gets, what it is refused, and how it is ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sluice.adapters.launcher import seccomp_filter
from sluice.adapters.process import ToolRunner, binaries_on_path, locate_binaries
from sluice.domain.tools import ToolLimitExceeded, ToolLimits, ToolNotStarted, ToolOutput, ToolTask

PYTHON = str(Path(sys.executable).resolve())


def task(code: str, folder: Path, *, limits: ToolLimits | None = None, streams_progress: bool = False) -> ToolTask:
    return ToolTask(
        argv=(PYTHON, "-I", "-S", "-c", code),
        cwd=folder,
        limits=limits or ToolLimits(deadline_s=60),
        streams_progress=streams_progress,
    )


def run(code: str, folder: Path, **limits: int) -> ToolOutput:
    return ToolRunner().run(task(code, folder, limits=ToolLimits(deadline_s=60, **limits)))


def test_answer_exit_code_and_cost(tmp_path: Path) -> None:
    output = run("import sys; print('answer'); sys.stderr.write('why'); sys.exit(3)", tmp_path)
    assert (output.stdout, output.stderr_tail, output.exit_code) == ("answer\n", "why", 3)
    assert output.cpu_s > 0
    assert output.max_rss_bytes > 1 << 20


def test_environment_is_empty_and_directory_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    output = run("import os; print(sorted(os.environ)); print(os.getcwd()); print(os.read(0, 1))", tmp_path)
    environment, directory, stdin = output.stdout.splitlines()
    assert set(eval(environment)) <= {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}  # noqa: S307 - what Python itself adds
    assert Path(directory) == tmp_path.resolve()
    assert stdin == "b''"


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
@pytest.mark.parametrize(
    "attempt",
    [
        "__import__('socket').socket()",
        "__import__('socket').socket(__import__('socket').AF_UNIX)",
        "__import__('socket').socketpair()",
    ],
)
def test_no_sockets(attempt: str, tmp_path: Path) -> None:
    output = run(attempt, tmp_path)
    assert output.sandbox == "seccomp"
    assert output.exit_code == 1
    assert "PermissionError: [Errno 1]" in output.stderr_tail


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_where_a_sandbox_is_demanded_nothing_starts_without_it(tmp_path: Path) -> None:
    touch = task("open('started', 'w')", tmp_path)
    with pytest.raises(ToolNotStarted, match="SandboxMissing"):
        ToolRunner(least_sandbox="one that no kernel has").run(touch)
    assert list(tmp_path.iterdir()) == []
    assert ToolRunner(least_sandbox="seccomp").run(touch).sandbox == "seccomp"
    assert [file.name for file in tmp_path.iterdir()] == ["started"]


def test_the_layer_s_programs_are_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).touch(0o755)
    with pytest.raises(ToolNotStarted, match="^packager: not on PATH"):
        binaries_on_path()
    (tmp_path / "packager").touch(0o755)
    found = binaries_on_path()
    assert (found.ffmpeg, found.copier) == (str(tmp_path / "ffmpeg"), str(tmp_path / "ffmpeg"))
    assert (found.ffprobe, found.packager) == (str(tmp_path / "ffprobe"), str(tmp_path / "packager"))


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_no_ptrace_and_no_new_privileges(tmp_path: Path) -> None:
    code = (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True);"
        "print(libc.ptrace(0, 0, 0, 0), ctypes.get_errno(), libc.prctl(39, 0, 0, 0, 0))"
    )
    assert run(code, tmp_path).stdout.split() == ["-1", "1", "1"]


def test_the_filter_is_known_for_both_processors() -> None:
    x86, arm = seccomp_filter("x86_64"), seccomp_filter("aarch64")
    assert x86 is not None
    assert arm is not None
    assert len(x86) == len(arm)
    assert x86 != arm
    assert seccomp_filter("mips") is None


def test_limits_are_set_and_cannot_be_raised(tmp_path: Path) -> None:
    code = (
        "import resource as r;"
        "print(r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NOFILE));"
        "r.setrlimit(r.RLIMIT_FSIZE, (4096, 8192))"
    )
    output = run(code, tmp_path, file_bytes=4096, open_files=64)
    assert output.stdout.strip() == "(4096, 4096) (0, 0) (64, 64)"
    assert output.exit_code == 1


def test_a_file_cannot_outgrow_its_limit(tmp_path: Path) -> None:
    output = run("open('big', 'wb').write(b'x' * 100_000)", tmp_path, file_bytes=50_000)
    assert output.exit_code != 0
    assert (tmp_path / "big").stat().st_size <= 50_000


@pytest.mark.skipif(sys.platform != "linux", reason="macOS accepts no such limit")
def test_memory_is_limited(tmp_path: Path) -> None:
    output = run("x = bytearray(600 << 20)", tmp_path, memory_bytes=500 << 20)
    assert "MemoryError" in output.stderr_tail


def test_a_deadline_ends_it(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ToolLimitExceeded):
        ToolRunner().run(task("import time; time.sleep(600)", tmp_path, limits=ToolLimits(deadline_s=0.5)))
    assert time.monotonic() - started < 60


# Each tells its id, breaks a limit once it stands where the test wants it, and waits to be ended.
TELL = """import os, signal, sys, time
def tell():
    open('pid', 'w').write(str(os.getpid()))
    print('x' * 9999, flush=True)
"""
STUBBORN = TELL + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell()\ntime.sleep(600)"
PARENT = TELL + "if os.fork() == 0: tell()\ntime.sleep(600)"
ORPHAN = TELL + "if os.fork(): sys.exit()\ntell()\ntime.sleep(600)"


@pytest.mark.parametrize("code", [STUBBORN, PARENT, ORPHAN], ids=["ignores_sigterm", "has_a_child", "left_a_child"])
def test_nothing_survives(code: str, tmp_path: Path) -> None:
    limits = ToolLimits(deadline_s=60, stdout_bytes=1000)
    with pytest.raises(ToolLimitExceeded):
        ToolRunner(grace_s=0.2).run(task(code, tmp_path, limits=limits))
    assert wait_until_gone(int((tmp_path / "pid").read_text()))


def test_an_exception_in_the_caller_stops_it(tmp_path: Path) -> None:
    code = TELL.replace("'x' * 9999", "'progress=continue'") + "tell()\ntime.sleep(600)"

    def interrupted(_report: object) -> None:
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        ToolRunner().run(task(code, tmp_path, streams_progress=True), on_progress=interrupted)
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    child = (
        "import os, time; open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid'); time.sleep(600)"
    )
    parent = (
        "from pathlib import Path; from sluice.adapters.process import ToolRunner;"
        "from sluice.domain.tools import ToolTask, ToolLimits;"
        f"ToolRunner().run(ToolTask(({PYTHON!r}, '-c', {child!r}), Path({str(tmp_path)!r}), ToolLimits(60)))"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", parent], env=environment) as process:
        pid_file = tmp_path / "pid"
        give_up = time.monotonic() + 60
        while not pid_file.exists() and time.monotonic() < give_up:
            time.sleep(0.02)
        process.kill()
    assert wait_until_gone(int(pid_file.read_text()))


def test_only_the_end_of_stderr_is_kept(tmp_path: Path) -> None:
    output = run("import sys; sys.stderr.write('x' * 1_000_000 + 'last')", tmp_path)
    assert len(output.stderr_tail) == 8192
    assert output.stderr_tail.endswith("xlast")


def test_too_long_an_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolLimitExceeded):
        run("print('x' * 100_000)", tmp_path, stdout_bytes=10_000)


def test_progress_comes_in_whole_reports(tmp_path: Path) -> None:
    code = r"""
import sys, time
for piece in ("frame=1\nout_ti", "me_us=40000\nprogress=continue\nframe=2\n", "out_time_us=80000\nprogress=end\n"):
    sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.05)
"""
    reports: list[dict[str, str]] = []
    output = ToolRunner().run(
        task(code, tmp_path, streams_progress=True), on_progress=lambda report: reports.append(dict(report))
    )
    assert reports == [
        {"frame": "1", "out_time_us": "40000", "progress": "continue"},
        {"frame": "2", "out_time_us": "80000", "progress": "end"},
    ]
    assert output.stdout == ""


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ToolNotStarted):
        ToolRunner().run(ToolTask(argv=(str(tmp_path / "none"),), cwd=tmp_path, limits=ToolLimits(deadline_s=60)))


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    assert run("import os; os.kill(os.getpid(), 9)", tmp_path).exit_code == -signal.SIGKILL


def test_the_programs_are_in_the_wheels() -> None:
    for path in locate_binaries():
        assert Path(path).is_absolute()
        assert os.access(path, os.X_OK)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return state(pid) == "Z"


def state(pid: int) -> str:
    """A killed orphan is a zombie until whoever adopted it looks."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.read_text().rpartition(")")[2].split()[0] if stat.exists() else "?"


def wait_until_gone(pid: int) -> bool:
    give_up = time.monotonic() + 30
    while not gone(pid) and time.monotonic() < give_up:
        time.sleep(0.02)
    return gone(pid)
