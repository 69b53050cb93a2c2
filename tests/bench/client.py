"""The Python client beside boto3's transfer manager: its speed with 500 MB to the embedded S3, and its peak memory.

Both make an upload and send the same file in parts of the same size over as many connections; the time ends when they
ask for the parts to be joined, which is S3's own work and the noisiest. They take turns, and the median of the
rounds' ratios counts. boto3 is at its leanest, without hashes and checksums of what it sends. The API in front of S3 is
a small one of this bench, with the product's signer: the clients are compared, not the start of functions.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from infra.local.engine import OPERATOR_KEY, REGION, Engine
from sluice.adapters.clock import now
from sluice.adapters.sigv4_parts import Part, PartPresigner
from sluice.domain.parts import part_size_for
from sluice_client import SluiceClient, upload_file
from tests.bench.figure import Figure
from tests.client.server import LOOPBACK, Answer, Seen, Server
from tests.client.slot import Slot
from tests.client.views import upload_view

MB = 1_000_000
SIZE, CONCURRENCY, ROUNDS = 500 * MB, 4, 9
BUCKET, OURS, THEIRS = "sluice-bench", "ours", "theirs"
LEAST_RATIO = 0.9
MEMORY_MB = 60  # for all but the parts
LEAN = Config(s3={"payload_signing_enabled": False}, request_checksum_calculation="when_required")
# The most that the whole process ever had in memory. Linux counts the process that started it into ru_maxrss.
PEAK = """
import resource, sys
from pathlib import Path
from sluice_client.cli import main
code = main(sys.argv[1:])
status = Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak)
sys.exit(code)
"""


class Api:
    """What our API answers about one upload after the other, with S3 itself behind it."""

    def __init__(self, s3: Any, presigner: PartPresigner, part_size: int) -> None:
        self.seen: list[Seen] = []
        self.crashes: list[BaseException] = []
        self._s3, self._presigner = s3, presigner
        self._slot = Slot("", {"size_bytes": SIZE}, part_size)

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        where = {"Bucket": BUCKET, "Key": OURS}
        match (method, urlsplit(url).path.rpartition("/")[2]):
            case ("POST", "uploads"):
                upload_id = self._s3.create_multipart_upload(**where)["UploadId"]
                self._slot = Slot(upload_id, json.loads(body), self._slot.part_size)
                return 201, upload_view(self._slot), {}
            case ("POST", "parts"):
                return 200, {"data": list(self._signed(json.loads(body)["part_numbers"]))}, {}
        where["UploadId"] = self._slot.upload_id
        parts = [
            {name: part[name] for name in ("PartNumber", "ETag")} for part in self._s3.list_parts(**where)["Parts"]
        ]
        self._s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        self._slot.state = "complete"
        return 200, upload_view(self._slot), {}

    def _signed(self, numbers: list[int]) -> Iterator[dict[str, Any]]:
        parts = [Part(number, self._slot.length_of(number)) for number in numbers]
        urls = self._presigner.urls(BUCKET, OURS, self._slot.upload_id, parts, expires_s=900, at=now())
        for part, url in zip(parts, urls, strict=True):
            yield {"part_number": part.number, "url": url, "content_length": part.length}

    def serving(self, change: int) -> None: ...

    def fault(self, line: str) -> None: ...

    def before_answer(self, line: str) -> None: ...


class Bench:
    """A file, and the two ways to send it to one S3."""

    def __init__(self, s3: Any, api_url: str, folder: Path, part_size: int) -> None:
        self._s3, self._folder, self._file = s3, folder, folder / "film.mp4"
        self._settings = TransferConfig(
            multipart_threshold=part_size, multipart_chunksize=part_size, max_concurrency=CONCURRENCY
        )
        self._environment = {"SLUICE_API_URL": api_url, "SLUICE_API_KEY": "none", "XDG_STATE_HOME": str(folder)}
        self._joining_at: list[float] = []
        for call in ("ListParts", "CompleteMultipartUpload"):  # the first of them is what either begins to join with
            s3.meta.events.register(f"before-call.s3.{call}", lambda **_call: self._joining_at.append(time.monotonic()))
        s3.create_bucket(Bucket=BUCKET)
        block = os.urandom(MB)
        with self._file.open("wb") as file:
            file.writelines(block for _ in range(SIZE // MB))

    def ours(self) -> None:
        with SluiceClient(self._environment["SLUICE_API_URL"], "none") as client:
            upload_file(client, self._file, concurrency=CONCURRENCY, state_path=self._folder / "state.json")

    def theirs(self) -> None:
        self._s3.upload_file(str(self._file), BUCKET, THEIRS, Config=self._settings)

    def peak_mb(self) -> float:
        """Of `sluice upload`, in a process of its own."""
        command = [sys.executable, "-c", PEAK, "upload", str(self._file), "--json", "--concurrency", str(CONCURRENCY)]
        environment = self._environment | {"PATH": os.environ["PATH"]}
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return int(ended.stdout.splitlines()[-1]) / MB

    def ratio(self) -> float:
        """How many times as fast ours is, in one round."""
        ours_s, theirs_s = self._seconds(self.ours), self._seconds(self.theirs)
        return theirs_s / ours_s

    def _seconds(self, send: Callable[[], None]) -> float:
        """Until all is sent. No round pays for what another one left to be written."""
        for key in (OURS, THEIRS):
            self._s3.delete_object(Bucket=BUCKET, Key=key)
        os.sync()
        self._joining_at = []
        began = time.monotonic()
        send()
        return self._joining_at[0] - began


@contextmanager
def served(api: Api) -> Iterator[str]:
    """Its URL."""
    server = Server(api)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def figures() -> Iterator[Figure]:
    part_size = part_size_for(SIZE)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder, Engine(Path(folder, "engine")) as engine:
        s3 = engine.client("s3", config=LEAN)
        presigner = PartPresigner(
            access_key=OPERATOR_KEY,
            secret_key=OPERATOR_KEY,
            session_token=None,
            region=REGION,
            endpoint_url=engine.endpoint_url,
        )
        with served(Api(s3, presigner, part_size)) as api_url:
            bench = Bench(s3, api_url, Path(folder), part_size)
            limit = CONCURRENCY * part_size / MB + MEMORY_MB
            yield Figure("client_peak_memory", bench.peak_mb(), "MB", limit)
            ratios = [bench.ratio() for _ in range(ROUNDS)]
    yield Figure("client_upload_vs_boto3", median(ratios), "ratio", LEAST_RATIO, at_least=True)
