"""What README and the pages of uploads, intake policies and encoding profiles show, executed as it stands there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo.playing import Player
from sluice.adapters.items import to_item
from tests.documents import README, REPOSITORY, code, rows, section
from tests.e2e.customer import SCOPES, Customer, Slot
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

UPLOADS = REPOSITORY / "docs" / "uploads.md"
POLICIES = REPOSITORY / "docs" / "intake-policies.md"
PROFILES = REPOSITORY / "docs" / "encoding-profiles.md"
PART = 8 << 20
NINE = b"123456789"  # what check values of CRCs are given for
ONLY_STORED = {"transcode": "none"}
DEADLINE_S = 120.0  # generous: shared machines pause
by_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs bash and curl")


@pytest.fixture(scope="session")
def two_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No film: to be uploaded, not to be encoded. Every byte of the second part differs from the first's."""
    path = tmp_path_factory.mktemp("docs") / "two parts.bin"
    path.write_bytes(b"1" * PART + b"2" * 1000)
    return path


def environment(customer: Customer, stacks: Stacks, source: Path) -> dict[str, str]:
    key = stacks.operator.create_key(customer.tenant_id, SCOPES)["key"]
    return {"PATH": os.environ["PATH"], "API": stacks.outputs["ApiUrl"], "KEY": key, "FILE": str(source)}


def run(program: list[str], text: str, env: dict[str, str]) -> str:
    """What it printed."""
    ended = subprocess.run([*program, text], env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert ended.stderr == ""
    return ended.stdout


def bash(text: str, env: dict[str, str]) -> str:
    return run(["bash", "-euo", "pipefail", "-c"], text, env)


def stored(customer: Customer, stacks: Stacks, upload_id: str) -> bytes:
    """The joined object; joining may still go on when completion answered 202."""
    path = f"/v1/uploads/{upload_id}"
    eventually(lambda: customer.api.call("GET", path)["state"] == "complete", f"{path} to be complete")
    key = f"uploads/{customer.tenant_id}/{upload_id}"
    answer = stacks.engine.client("s3").get_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)
    return bytes(answer["Body"].read())


@by_curl
def test_the_readme_s_upload_can_be_played(
    customer: Customer, stacks: Stacks, clips: dict[str, Path], player: Player
) -> None:
    example = code(README, "Use it on this machine", "bash")
    state, session = bash(example, environment(customer, stacks, clips["short"])).split("\n", 1)
    assert state == "ready"
    assert player.variants(json.loads(session)["hls_url"])


def kill_once_a_part_is_stored(customer: Customer, upload_id: str, text: str, env: dict[str, str]) -> set[int]:
    """The parts that were stored by then: at least one, and not all."""
    with subprocess.Popen(["bash", "-euo", "pipefail", "-c", text], env=env, start_new_session=True) as phone:
        try:
            path = f"/v1/uploads/{upload_id}/parts"
            eventually(lambda: customer.api.call("GET", path)["data"], "the first part")
        finally:
            os.killpg(phone.pid, signal.SIGKILL)
    return {part["part_number"] for part in customer.api.call("GET", path)["data"]}


@by_curl
def test_the_upload_from_a_phone_goes_on_on_another_day(
    customer: Customer, stacks: Stacks, tmp_path: Path, two_parts: Path
) -> None:
    """The network breaks in the second part. The phone has no key."""
    source = tmp_path / "four parts.bin"
    source.write_bytes(b"".join(bytes([number]) * PART for number in range(3)) + two_parts.read_bytes()[-1000:])
    server = environment(customer, stacks, source)
    made = bash(code(UPLOADS, "From a phone, with curl", "bash"), server | {"SIZE": str(source.stat().st_size)})
    slot = json.loads(made)
    phone = {name: server[name] for name in ("PATH", "API", "FILE")}
    phone |= {"UPLOAD": slot["upload_id"], "TOKEN": slot["upload_token"], "TMPDIR": str(tmp_path)}
    (tmp_path / ".curlrc").write_text("limit-rate = 4M\n")
    example = code(UPLOADS, "On the phone", "bash")
    before = kill_once_a_part_is_stored(customer, slot["upload_id"], example, phone | {"CURL_HOME": str(tmp_path)})
    assert 1 <= len(before) < 4

    other = json.loads(bash(code(UPLOADS, "On another day", "bash"), server | {"UPLOAD": slot["upload_id"]}))
    assert other["upload_token"] != slot["upload_token"]
    trace = tmp_path / "trace"
    traced = f"exec 9> {trace}; BASH_XTRACEFD=9; set -x\n{example}"
    answer = json.loads(bash(traced, phone | {"TOKEN": other["upload_token"]}))
    sent = {int(number) for number in re.findall(r"--upload-file \S+ '?http\S+[?&]partNumber=(\d+)", trace.read_text())}
    assert (before & sent, before | sent) == (set(), {1, 2, 3, 4})
    assert answer["state"] in ("complete", "completing")
    assert customer.asset(answer)["external_id"] == "film-1"
    assert stored(customer, stacks, slot["upload_id"]) == source.read_bytes()


def test_the_upload_with_python_sends_what_is_missing(customer: Customer, stacks: Stacks, two_parts: Path) -> None:
    slot = customer.reserve(two_parts)
    customer.put_parts(slot, two_parts, [2])
    env = environment(customer, stacks, two_parts)
    example = code(UPLOADS, "With Python", "python")
    resumed = json.loads(run([sys.executable, "-c"], example, env | {"UPLOAD_ID": slot["upload_id"]}))
    whole = json.loads(run([sys.executable, "-c"], example, env))
    assert resumed["upload_id"] == slot["upload_id"] != whole["upload_id"]
    for answer in (resumed, whole):
        assert answer["state"] in ("complete", "completing")
        assert stored(customer, stacks, answer["upload_id"]) == two_parts.read_bytes()


def checksum(algorithm: str) -> dict[str, str]:
    """The page's own, of the bytes `NINE`."""
    [value] = re.findall(rf'{{"algorithm": "{algorithm}", "value": "(\S+)"}}', section(UPLOADS, "What holds"))
    return {"algorithm": algorithm, "value": value}


@pytest.mark.parametrize("algorithm", ["crc64nvme", "crc32c"])
def test_the_checksums_are_of_the_nine_bytes(customer: Customer, stacks: Stacks, algorithm: str) -> None:
    declared = checksum(algorithm)
    slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": len(NINE), "checksum": declared, **ONLY_STORED})
    assert put(customer, signed(customer, slot, declared["value"])) == 200
    customer.complete(slot)
    assert stored(customer, stacks, slot["upload_id"]) == NINE


def signed(customer: Customer, slot: Slot, value: str | None = None) -> dict[str, Any]:
    body = {"part_numbers": [1], "checksums": {"1": value} if value else {}}
    path = f"/v1/uploads/{slot['upload_id']}/parts"
    return dict(customer.api.call("POST", path, body)["data"][0])


def put(customer: Customer, part: dict[str, Any], body: bytes = NINE, *, bare: bool = False) -> int:
    headers = {} if bare else part["headers"]
    return customer.http.request("PUT", part["url"], body=body, headers=headers).status


def put_after_its_time(customer: Customer, stacks: Stacks) -> int:
    """A URL never outlives its upload, whose end is set to be near."""
    slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": len(NINE), **ONLY_STORED})
    upload = stacks.records.upload(customer.tenant_id, slot["upload_id"])
    assert upload is not None
    ending = upload.model_copy(update={"expires_at": datetime.now(UTC) + timedelta(seconds=10)})
    stacks.engine.client("dynamodb").put_item(TableName=stacks.outputs["TableName"], Item=to_item(ending))
    part = signed(customer, slot)
    assert put(customer, part) == 200
    return eventually(lambda: (status := put(customer, part)) != 200 and status, "the end of the URL")


def statuses_of_s3(customer: Customer, stacks: Stacks) -> dict[str, set[int]]:
    """What each row of the page's table about part URLs is answered."""
    slot = customer.api.call("POST", "/v1/uploads", {"size_bytes": len(NINE), **ONLY_STORED})
    plain, summed = signed(customer, slot), signed(customer, slot, checksum("crc64nvme")["value"])
    found = {
        "fewer or more bytes than `content_length`": {put(customer, plain, body) for body in (NINE[1:], NINE + b"0")},
        "without the checksum that was signed with it": {put(customer, summed, bare=True)},
        "other bytes than the checksum that was signed with it": {put(customer, summed, NINE[::-1])},
        "after the URL's 15 minutes": {put_after_its_time(customer, stacks)},
    }
    path = f"/v1/uploads/{slot['upload_id']}"
    assert customer.api.call("GET", f"{path}/parts")["data"] == []
    assert [put(customer, plain), put(customer, summed)] == [200, 200]
    customer.api.call("DELETE", path)
    return found | {"of an upload that was given up": {put(customer, plain)}}


def test_s3_answers_part_urls_as_the_page_says(customer: Customer, stacks: Stacks) -> None:
    listed = {row[0]: {int(row[1])} for row in rows(UPLOADS, "What is refused") if len(row) == 2}
    assert statuses_of_s3(customer, stacks) == listed


@by_curl
def test_the_policy_s_example_prints_what_it_says(customer: Customer, stacks: Stacks) -> None:
    scopes = ["uploads:write", "assets:write", "assets:read", "assets:publish"]
    key = stacks.operator.create_key(customer.tenant_id, scopes)["key"]
    env = {"PATH": os.environ["PATH"], "API": stacks.outputs["ApiUrl"], "KEY": key}
    printed = bash(code(POLICIES, "Example", "bash"), env).splitlines()
    assert printed == ["metadata_not_allowed /metadata/course", "pending", "approved", "200", "412"]


@by_curl
def test_the_profile_s_example_prints_what_it_says(customer: Customer, stacks: Stacks) -> None:
    key = stacks.operator.create_key(customer.tenant_id, ["uploads:write", "assets:write", "assets:read"])["key"]
    env = {"PATH": os.environ["PATH"], "API": stacks.outputs["ApiUrl"], "KEY": key}
    printed = bash(code(PROFILES, "Example", "bash"), env).splitlines()
    assert printed == ["1", "2", "1", "2500", "encoding_profile_archived"]
