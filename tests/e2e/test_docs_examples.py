"""What README, the uploads page and the page of intake policies show, executed as it stands there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.demo.playing import Player
from tests.documents import README, REPOSITORY, code
from tests.e2e.customer import SCOPES, Customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

UPLOADS = REPOSITORY / "docs" / "uploads.md"
POLICIES = REPOSITORY / "docs" / "intake-policies.md"
PART = 8 << 20
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


@by_curl
def test_the_upload_with_curl_sends_every_part(customer: Customer, stacks: Stacks, two_parts: Path) -> None:
    printed = bash(code(UPLOADS, "With curl", "bash"), environment(customer, stacks, two_parts))
    answer = json.loads(printed)
    assert (answer["state"], answer["part_count"]) in (("complete", 2), ("completing", 2))
    assert customer.asset(answer)["external_id"] == "film-1"
    assert stored(customer, stacks, answer["upload_id"]) == two_parts.read_bytes()


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


@by_curl
def test_the_policy_s_example_prints_what_it_says(customer: Customer, stacks: Stacks) -> None:
    scopes = ["uploads:write", "assets:write", "assets:read", "assets:publish"]
    key = stacks.operator.create_key(customer.tenant_id, scopes)["key"]
    env = {"PATH": os.environ["PATH"], "API": stacks.outputs["ApiUrl"], "KEY": key}
    printed = bash(code(POLICIES, "Example", "bash"), env).splitlines()
    assert printed == ["metadata_not_allowed /metadata/course", "pending", "approved", "200", "412"]
