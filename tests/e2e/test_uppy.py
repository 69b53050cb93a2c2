"""The upload page in a real browser, with both majors of Uppy, over a network that breaks."""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.link_node import NODE_BIN
from tests.e2e.customer import Customer
from tests.e2e.stacks import Stacks
from tests.e2e.test_browser import CHROMIUM, REPOSITORY, pytestmark  # noqa: F401  # the same conditions

MB = 10**6
SIZE = 60 * MB  # eight parts
PARTS = set(range(1, 9))
S3_CALLS = {"5": set(), "6": {("POST", "uploads"), ("GET", "uploadId"), ("POST", "uploadId")}}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("uppy") / "Holiday in the hills.mp4"
    path.write_bytes(random.Random(60).randbytes(SIZE))
    return path


@contextmanager
def page_of(stacks: Stacks, customer: Customer) -> Iterator[str]:
    """Its URL while it is served. The file is no video, so nothing is to be made of it."""
    key = stacks.operator.create_key(customer.tenant_id, ["uploads:write"])["key"]
    environment = os.environ | {"SLUICE_API_URL": stacks.outputs["ApiUrl"], "SLUICE_API_KEY": key}
    command = [sys.executable, REPOSITORY / "web" / "upload-demo" / "server.py", "--transcode", "none"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def drive(story: str, url: str, source: Path, screenshot: Path) -> dict[str, Any]:
    assert CHROMIUM is not None, "CI installs Chromium"
    script = REPOSITORY / "tests" / "e2e" / "uppy.mjs"
    command = [NODE_BIN / "node", script, CHROMIUM, REPOSITORY / "node_modules", story, url, source, screenshot]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return dict(json.loads(ended.stdout))


def numbers(seen: list[list[Any]], what: str) -> list[int]:
    return [number for kind, number in seen if kind == what]


def sent_again(seen: list[list[Any]]) -> list[int]:
    """Parts that were sent although the browser had been told that they are stored."""
    stored = set[int]()
    again = []
    for kind, number in seen:
        if kind == "stored":
            stored.add(number)
        elif kind == "sent" and number in stored:
            again.append(number)
    return again


def sha256_of_object(stacks: Stacks, customer: Customer, upload_id: str) -> str:
    key = f"uploads/{customer.tenant_id}/{upload_id}"
    answer = stacks.engine.client("s3").get_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)
    return hashlib.sha256(answer["Body"].read()).hexdigest()


@pytest.mark.parametrize("major", ["5", "6"])
def test_a_cut_network_and_a_reload_cost_only_what_was_on_its_way(
    stacks: Stacks, customer: Customer, source: Path, tmp_path: Path, major: str
) -> None:
    with page_of(stacks, customer) as url:
        seen = drive("resume", f"{url}?uppy={major}", source, tmp_path / "page.png")
    parts, before, after = seen["parts"], seen["parts"][: seen["beforeReload"]], seen["parts"][seen["beforeReload"] :]
    assert len(numbers(before, "stored")) >= 3 and numbers(before, "lost") != [] and numbers(after, "stored") != []
    assert sent_again(parts) == [] and set(numbers(parts, "sent")) == PARTS
    assert {(method, query) for method, path, query, _ in seen["calls"] if path.endswith("/s3")} == S3_CALLS[major]
    assert sha256_of_object(stacks, customer, seen["uploadId"]) == hashlib.sha256(source.read_bytes()).hexdigest()
    assert (seen["left"], seen["errors"]) == ([], [])
    assert "offline" in seen["offline"]


@pytest.mark.parametrize("major", ["5", "6"])
def test_cancelling_leaves_nothing_behind(
    stacks: Stacks, customer: Customer, source: Path, tmp_path: Path, major: str
) -> None:
    with page_of(stacks, customer) as url:
        seen = drive("cancel", f"{url}?uppy={major}", source, tmp_path / "page.png")
    assert customer.api.call("GET", f"/v1/uploads/{seen['uploadId']}")["state"] == "aborted"
    assert stacks.open_multipart_uploads(f"uploads/{customer.tenant_id}/") == []
    assert (seen["rows"], seen["errors"]) == (0, [])
