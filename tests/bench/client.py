"""The Python client beside boto3's transfer manager: its speed with 500 MB to the embedded S3, and its peak memory.

Both make an upload, send the same file in parts of the same size over as many connections, and have the parts joined.
They take turns, and the fastest round of each counts. boto3 is at its leanest, without hashes and checksums of what it
sends. The API in front of S3 is a small one of this bench: the clients are compared, not the start of functions.
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
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from infra.local.engine import Engine
from sluice.domain.parts import part_size_for
from sluice_client import SluiceClient, upload_file
from tests.bench.figure import Figure
from tests.client.server import LOOPBACK, Answer, Seen, Server
from tests.client.slot import Slot
from tests.client.views import upload_view

MB = 1_000_000
SIZE, CONCURRENCY, ROUNDS = 500 * MB, 4, 7
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

    def __init__(self, s3: Any, part_size: int) -> None:
        self.seen: list[Seen] = []
        self.crashes: list[BaseException] = []
        self._s3, self._slot = s3, Slot("", {"size_bytes": SIZE}, part_size)

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        where = {"Bucket": BUCKET, "Key": OURS}
        match (method, urlsplit(url).path.rpartition("/")[2]):
            case ("POST", "uploads"):
                upload_id = self._s3.create_multipart_upload(**where)["UploadId"]
                self._slot = Slot(upload_id, json.loads(body), self._slot.part_size)
                return 201, upload_view(self._slot), {}
            case ("POST", "parts"):
                return 200, {"data": [self._signed(number) for number in json.loads(body)["part_numbers"]]}, {}
        where["UploadId"] = self._slot.upload_id
        parts = [
            {name: part[name] for name in ("PartNumber", "ETag")} for part in self._s3.list_parts(**where)["Parts"]
        ]
        self._s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        self._slot.state = "complete"
        return 200, upload_view(self._slot), {}

    def _signed(self, number: int) -> dict[str, Any]:
        length = self._slot.length_of(number)
        part = {"UploadId": self._slot.upload_id, "PartNumber": number, "ContentLength": length}
        url = self._s3.generate_presigned_url("upload_part", Params={"Bucket": BUCKET, "Key": OURS, **part})
        return {"part_number": number, "url": url, "content_length": length}

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

    def seconds(self, send: Callable[[], None]) -> float:
        """No round pays for what another one left to be written."""
        for key in (OURS, THEIRS):
            self._s3.delete_object(Bucket=BUCKET, Key=key)
        os.sync()
        began = time.monotonic()
        send()
        return time.monotonic() - began


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
        with served(Api(s3, part_size)) as api_url:
            bench = Bench(s3, api_url, Path(folder), part_size)
            limit = CONCURRENCY * part_size / MB + MEMORY_MB
            yield Figure("client_peak_memory", bench.peak_mb(), "MB", limit)
            rounds = [(bench.seconds(bench.ours), bench.seconds(bench.theirs)) for _ in range(ROUNDS)]
    ours_s, theirs_s = (min(measured) for measured in zip(*rounds, strict=True))
    yield Figure("client_upload_vs_boto3", theirs_s / ours_s, "ratio", LEAST_RATIO, at_least=True)
