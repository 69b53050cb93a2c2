"""Rules that hold for every test: made-up AWS credentials, and no network beyond this machine."""

import ipaddress
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
TOOL_FOLDERS = (REPOSITORY / ".venv" / "bin", REPOSITORY / ".sluice" / "node" / "bin")

IN_CI = bool(os.environ.get("CI")) and sys.platform == "linux"  # there everything can be had that a test needs

# Shared CI machines pause for seconds: a slow example is not a wrong one.
hypothesis.settings.register_profile("sluice", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "sluice")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


class OutsideConnection(RuntimeError):
    """A test reached for an address outside loopback."""


def is_local(host: object) -> bool:
    """Loopback addresses and names; None and empty mean "this machine" to the resolver."""
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: sees every socket of this process, whichever library or thread opens it. Hooks cannot be removed."""
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        address = arguments[1]
        # An empty host means loopback to a resolver, but every interface to bind.
        if isinstance(address, tuple) and (not is_local(address[0]) or (event == "socket.bind" and not address[0])):
            raise OutsideConnection(f"{event} {address[0]!r}")
    elif event == "socket.getaddrinfo" and not is_local(arguments[0]):
        raise OutsideConnection(f"{event} {arguments[0]!r}")


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Shells start background jobs so, and the programs under test would inherit it: theirs is tested, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Coverage is of main threads: CPython ends a thread with a RuntimeError if its trace function is set while another
    # thread sets its own, and the hook below makes that moment long. What only other threads run counts as not run.
    threading.settrace(None)  # type: ignore[arg-type]
    sys.addaudithook(refuse_outside)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return unless_skipped_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return unless_skipped_in_ci((yield))


def unless_skipped_in_ci(report: Report) -> Report:
    """What is skipped in CI has not been tested by anybody: it counts as failed."""
    if IN_CI and report.skipped:
        report.outcome, report.longrepr = "failed", f"not to be skipped in CI: {report.longreprtext}"
    return report


@pytest.fixture(scope="session", autouse=True)
def neutral_environment() -> Iterator[None]:
    """A developer's AWS account, proxies and settings stay out of the tests; the locked tools come first on PATH."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "SLUICE_"))]:
            patch.delenv(name)
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        patch.setenv("PATH", os.pathsep.join([*map(str, TOOL_FOLDERS), os.environ["PATH"]]))
        yield
