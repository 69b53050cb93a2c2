"""The stages of the demo, in the order in which a customer's application meets them."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress, TaskID

from infra.local.demo.playing import Player, container_duration, decode, unsigned
from infra.local.demo.receiver import Received, Receiver
from infra.local.demo.report import Report
from sluice_client import SluiceClient, upload_file
from sluice_client.models import as_json

PLAYBACK_TTL_S = 60  # the shortest session there is; its end is waited out
STALL_S = 600.0  # without any news for so long the demo gives up
TERMINAL = ("ready", "failed", "deleted")
EXPIRY_MARGIN_S = 6.0  # the token's leeway, and then some


class Stalled(RuntimeError):
    """No webhook came for a long time."""


@dataclass
class Story:
    client: SluiceClient
    receiver: Receiver
    source: Path
    progress: Progress
    report: Report
    player: Player = field(default_factory=Player)

    @contextmanager
    def stage(self, name: str, total: float = 1.0) -> Iterator[TaskID]:
        """A progress bar and a time for one stage; where nobody sees bars move, a line when it is done."""
        bar, began = self.progress.add_task(name, total=total), time.monotonic()
        yield bar
        self.progress.update(bar, completed=total)
        taken_s = time.monotonic() - began
        self.report.timings_ms[name] = round(taken_s * 1000)
        if self.progress.disable:
            self.progress.console.print(f"{name:<11}{taken_s:.1f} s", highlight=False)

    def upload(self) -> None:
        size = self.source.stat().st_size
        with (
            tempfile.TemporaryDirectory(prefix="sluice-demo-") as folder,
            self.stage("upload", size) as bar,
        ):
            # The demo's tenant is a new one each time: there is nothing that another run could resume.
            done = upload_file(
                self.client,
                self.source,
                title=self.source.stem,
                state_path=Path(folder, "upload.json"),
                on_progress=lambda now: self.progress.update(bar, completed=now.sent_bytes),
            )
        self.report.upload_id, self.report.asset_id = done.upload.upload_id, done.upload.asset_id
        self.report.playback_id = done.upload.playback_id or ""

    def wait_for_the_end(self) -> str:
        """Waits by webhook; the API is asked for the progress bar only. Returns the asset's last state."""
        received: list[Received] = []
        last_news = time.monotonic()
        try:
            with self.stage("transcode", 100) as bar:
                while not _ended(received):
                    before = len(received)
                    received = self.receiver.wait(self.report.asset_id, before, timeout_s=0.5)
                    if len(received) > before:
                        last_news = time.monotonic()
                    elif time.monotonic() - last_news > STALL_S:
                        last = received[-1].type if received else "none"
                        raise Stalled(f"no webhook for {STALL_S:.0f} s; the last was {last}")
                    self._show_job(received, bar)
        finally:
            self.report.tell_events(received)
        return str(received[-1].event["data"]["state"])

    def _show_job(self, received: list[Received], bar: TaskID) -> None:
        job_ids = [one.event["data"].get("job_id") for one in received]
        self.report.job_id = next((job_id for job_id in reversed(job_ids) if job_id), None)
        if self.report.job_id:
            job = self.client.get_job(self.report.job_id)
            stage, percent = (job.progress.stage, job.progress.percent) if job.progress else (job.state, 0.0)
            self.progress.update(bar, completed=percent, description=f"transcode ({stage})")

    def tell_failure(self) -> None:
        asset = self.client.get_asset(self.report.asset_id)
        self.report.error = as_json(asset)["error"]
        self.report.check(False, f"the asset ended in {asset.state}")

    def play(self) -> None:
        session = self.client.create_playback_session(self.report.playback_id, ttl_s=PLAYBACK_TTL_S)
        closes = time.monotonic() + PLAYBACK_TTL_S
        self.report.hls_url, self.report.dash_url = session.hls_url, session.dash_url
        variants = self.player.variants(session.hls_url)
        self.report.tell_variants(variants)
        self.report.check(b"<MPD" in self.player.fetch(session.dash_url), "the DASH manifest is not an MPD")
        if session.poster_url:
            self.report.check(self.player.fetch(session.poster_url)[:2] == b"\xff\xd8", "the poster is not a JPEG")
        urls = self.player.media_urls(variants[0].url)
        with tempfile.TemporaryDirectory(prefix="sluice-demo-") as folder:
            played = Path(folder, "played.mp4")
            with self.stage("play", len(urls)) as bar:
                self.player.download(urls, played, lambda done: self.progress.update(bar, completed=done))
            with self.stage("compare"):
                self._compare(played)
        self.report.unsigned_status = self.player.status(unsigned(urls[-1]))
        self.report.check(self.report.unsigned_status == 403, "an unsigned segment URL is not refused")
        self._wait_for_expiry(session.hls_url, closes)

    def _compare(self, played: Path) -> None:
        result, source = decode(played), decode(self.source)
        if result is None or source is None:
            self._compare_audio(played)
            return
        report = self.report
        report.duration_s, report.source_duration_s = round(result.duration_s, 3), round(source.duration_s, 3)
        report.decoded_frames, report.source_frames = result.count, source.count
        report.check(result.monotonic, "timestamps of the result go backwards")
        if source.constant_rate:
            report.check(result.count == source.count, "frame counts of result and source differ")
        tolerance = max(source.frame_s, result.frame_s) + 0.001
        report.check(abs(result.duration_s - source.duration_s) <= tolerance, "durations of result and source differ")

    def _compare_audio(self, played: Path) -> None:
        result_s, source_s = container_duration(played), container_duration(self.source)
        self.report.duration_s, self.report.source_duration_s = round(result_s, 3), round(source_s, 3)
        self.report.check(abs(result_s - source_s) <= 0.1, "durations of result and source differ")

    def _wait_for_expiry(self, hls_url: str, closes: float) -> None:
        """`closes`: when, on the monotonic clock, the session's URLs stop opening."""
        with self.stage("expire", PLAYBACK_TTL_S) as bar:
            while (left := closes + EXPIRY_MARGIN_S - time.monotonic()) > 0:
                self.progress.update(bar, completed=max(0.0, PLAYBACK_TTL_S - left))
                time.sleep(min(left, 0.5))
            self.report.expired_status = self.player.status(hls_url)
        self.report.check(self.report.expired_status == 403, "an expired playback URL is not refused")


def _ended(received: list[Received]) -> bool:
    """True once a terminal state is told and no sequence number before it is missing."""
    if not received or received[-1].event["data"]["state"] not in TERMINAL:
        return False
    return [one.sequence for one in received] == list(range(1, len(received) + 1))
