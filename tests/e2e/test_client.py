"""The command line against the real stacks, killed on its way."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sluice_client.checksums import crc32c
from tests.contract.receiver import Receiver
from tests.contract.sources import head, saying, serving
from tests.e2e.customer import SCOPES, Customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

MIB = 1 << 20
PARTS, SIZE = 6, 5 * 8 * MIB + 1000
DEADLINE_S = 120.0  # generous: shared machines pause
LONG_S = 300.0  # a transcode is waited for


class Shop(NamedTuple):
    """A customer who uploads one file with the command line."""

    customer: Customer
    stacks: Stacks
    file: Path
    settings: dict[str, str]

    @property
    def command(self) -> list[str]:
        options = ["--title", "Large", "--tag", "a", "--metadata", "class=4b", "--concurrency", "1", "--json"]
        return [sys.executable, "-m", "tests.e2e.watched_client", "upload", str(self.file), *options]

    def sluice(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        command = [sys.executable, "-m", "sluice_client", *words, "--json"]
        ended = subprocess.run(command, env=self.settings, capture_output=True, text=True, timeout=LONG_S, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    @property
    def s3(self) -> Any:
        return self.stacks.engine.client("s3")

    def begun(self) -> list[int]:
        """Parts that the client began to send since this was last asked."""
        watched = Path(self.settings["WATCHED"])
        numbers = [int(line) for line in watched.read_text().split()]
        watched.unlink()
        return numbers

    def stored_parts(self) -> set[int]:
        """As S3 says; of this customer's one upload, once there is one."""
        place = {"Bucket": self.stacks.outputs["UploadsBucket"]}
        prefix = f"uploads/{self.customer.tenant_id}/"
        for upload in self.s3.list_multipart_uploads(**place, Prefix=prefix).get("Uploads", []):
            listed = self.s3.list_parts(**place, Key=upload["Key"], UploadId=upload["UploadId"])
            return {part["PartNumber"] for part in listed.get("Parts", [])}
        return set()

    def joined_hash(self, upload_id: str) -> str:
        key = f"uploads/{self.customer.tenant_id}/{upload_id}"
        answer = self.s3.get_object(Bucket=self.stacks.outputs["UploadsBucket"], Key=key)
        return hashlib.sha256(answer["Body"].read()).hexdigest()


@pytest.fixture
def shop(customer: Customer, stacks: Stacks, tmp_path: Path) -> Shop:
    """Six parts of no film, none like another: to be uploaded, not to be encoded."""
    file, draw = tmp_path / "large.mp4", random.Random(1)
    file.write_bytes(b"".join(draw.randbytes(MIB) * 8 for _ in range(PARTS))[:SIZE])
    key = stacks.operator.create_key(customer.tenant_id, [*SCOPES, "assets:write"])["key"]
    settings = {"SLUICE_API_URL": stacks.outputs["ApiUrl"], "SLUICE_API_KEY": key, "XDG_STATE_HOME": str(tmp_path)}
    settings |= {"WATCHED": str(tmp_path / "watched"), "PATH": os.environ["PATH"]}
    return Shop(customer, stacks, file, settings | {"PYTHONPATH": os.pathsep.join(sys.path)})


def kill_after_two_parts(shop: Shop) -> None:
    """It runs in small steps, so that it cannot be through before it is killed."""
    with subprocess.Popen(shop.command, env=shop.settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:

        def two_are_stored() -> bool:
            process.send_signal(signal.SIGSTOP)
            if len(shop.stored_parts()) >= 2:
                return True
            process.send_signal(signal.SIGCONT)
            return False

        try:
            eventually(two_are_stored, "two stored parts", every_s=0.03)
        finally:
            process.kill()


def test_a_killed_upload_goes_on_and_sends_no_part_twice(shop: Shop, tmp_path: Path) -> None:
    kill_after_two_parts(shop)
    before, begun = shop.stored_parts(), shop.begun()
    assert 2 <= len(before) < PARTS
    assert before <= set(begun)
    ended = subprocess.run(shop.command, env=shop.settings, capture_output=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    said = json.loads(ended.stdout)
    assert (said["state"], said["resumed"]) == ("complete", True)
    again = shop.begun()
    assert len(set(again)) == len(again)
    assert not before & set(again)
    assert set(begun) | set(again) == set(range(1, PARTS + 1))
    assert shop.joined_hash(said["upload_id"]) == hashlib.sha256(shop.file.read_bytes()).hexdigest()
    [asset] = shop.customer.api.call("GET", "/v1/assets")["data"]
    assert (asset["title"], asset["tags"], asset["metadata"]) == ("Large", ["a"], {"class": "4b"})
    assert list((tmp_path / "sluice").rglob("*.json")) == []


def test_a_file_is_stored_as_it_is_with_its_checksum(shop: Shop) -> None:
    options = ["--checksum", "--no-transcode", "--wait", "--creator", "user-7", "--ttl", "3600"]
    code, output, errors = shop.sluice("upload", str(shop.file), *options)
    assert (code, errors) == (0, "")
    said = json.loads(output)
    assert (said["transcode"], said["creator_id"], said["asset"]["state"]) == ("none", "user-7", "uploaded")
    key = f"uploads/{shop.customer.tenant_id}/{said['upload_id']}"
    stored = shop.s3.head_object(Bucket=shop.stacks.outputs["UploadsBucket"], Key=key, ChecksumMode="ENABLED")
    assert (stored["ChecksumCRC32C"], stored["ChecksumType"]) == (crc32c(shop.file), "FULL_OBJECT")
    assert shop.joined_hash(said["upload_id"]) == hashlib.sha256(shop.file.read_bytes()).hexdigest()


def test_a_film_is_fetched_with_a_header_and_waited_for(shop: Shop, clips: dict[str, Path]) -> None:
    source = clips["short"].read_bytes()
    with Receiver(serving(source)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/film.mp4"
        options = ["--title", "Fetched", "--header", "X-Token: opens it", "--wait"]
        code, output, errors = shop.sluice("ingest", url, *options)
    assert (code, errors) == (0, "")
    said = json.loads(output)
    assert (said["state"], said["title"]) == ("ready", "Fetched")
    assert {one.headers.get("x-token") for one in receiver.requests} == {"opens it"}
    assert shop.joined_hash(said["upload_id"]) == hashlib.sha256(source).hexdigest()


def test_a_source_that_fails_ends_with_its_code(shop: Shop) -> None:
    gone = head("Content-Length: 0", status="404 Not Found")
    with Receiver(saying(gone)) as receiver:
        code, output, errors = shop.sluice("ingest", f"http://127.0.0.1:{receiver.port}/film.mp4", "--wait")
    assert (code, output) == (1, "")
    asset = shop.customer.api.call("GET", "/v1/assets")["data"][0]
    assert json.loads(errors)["error"]["code"] == asset["error"]["code"]
