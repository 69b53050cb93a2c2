"""`python -m infra.local.demo [--file video] [--json report]`: exit code 0 if every check holds."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from urllib3.exceptions import HTTPError

from infra.local.cli import FOLDER
from infra.local.demo.api import Api, ApiFailed
from infra.local.demo.playing import PlaybackFailed
from infra.local.demo.receiver import Receiver
from infra.local.demo.report import Report
from infra.local.demo.story import Stalled, Story
from infra.local.deploy import DeployFailed
from infra.local.engine import REPOSITORY, Engine, EngineFailed
from infra.operate import Operator, OperatorError
from sluice_client import SluiceClient, SluiceError

# MIT-licensed page template with a real film: 1920x1080, 23.976 frames/s, 12.4 s, stereo sound
CLIP = REPOSITORY / "node_modules" / "startbootstrap-coming-soon" / "dist" / "assets" / "mp4" / "bg.mp4"
SCOPES = ["uploads:write", "assets:read", "playback:sign", "webhooks:manage"]


# What may end a run early: the report then says so, and what was seen until then.
BROKEN = (
    ApiFailed,
    SluiceError,
    PlaybackFailed,
    Stalled,
    EngineFailed,
    DeployFailed,
    OperatorError,
    HTTPError,
    BotoCoreError,
    ClientError,
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--file", type=Path, default=CLIP, help="the video to upload (default: a real 1080p clip)")
    parser.add_argument("--json", type=Path, help="where to write the report")
    options = parser.parse_args(arguments)
    if not options.file.is_file() or not options.file.stat().st_size:
        print(f"demo: {options.file} is not a file with content", file=sys.stderr)
        return 2
    console, report = Console(soft_wrap=True), Report()
    try:
        run(options.file.resolve(), report, console)
    except BROKEN as error:
        report.failures.append(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        report.failures.append("interrupted")
    if options.json:
        report.write(options.json)
    for line in report.lines():
        console.print(line, markup=False, highlight=False)
    for failure in report.failures:
        console.print(f"FAILED: {failure}", markup=False, highlight=False)
    return 1 if report.failures else 0


def run(source: Path, report: Report, console: Console) -> None:
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as progress:
        start = progress.add_task("start", total=2)
        with Engine(FOLDER) as engine, Receiver() as receiver:
            progress.advance(start)
            deployment = engine.deploy()
            progress.advance(start)
            operator = Operator(engine.client("lambda"), deployment.outputs["OperateFunction"])
            with customer(operator, deployment.api_url, receiver) as client:
                tell(Story(client, receiver, source, progress, report))


@contextmanager
def customer(operator: Operator, api_url: str, receiver: Receiver) -> Iterator[SluiceClient]:
    """A tenant with an API key and a webhook endpoint, which is removed again: its receiver ends with the demo."""
    key = operator.create_key(operator.create_tenant("Demo"), SCOPES)["key"]
    api = Api(api_url, key)
    endpoint = api.call("POST", "/v1/webhooks", {"url": receiver.url})
    receiver.trust(endpoint["secret"])
    try:
        with SluiceClient(api_url, key) as client:
            yield client
    finally:
        api.call("DELETE", f"/v1/webhooks/{endpoint['webhook_id']}")


def tell(story: Story) -> None:
    story.upload()
    if story.wait_for_the_end() == "ready":
        story.play()
    else:
        story.tell_failure()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
