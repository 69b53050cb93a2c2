"""The browser's example of the uploads page, in a real browser, over a network that breaks, and through a reload."""

import hashlib
import json
import os
import random
import subprocess
from pathlib import Path

from infra.local.link_node import NODE_BIN
from tests.documents import REPOSITORY, code
from tests.e2e.customer import Customer
from tests.e2e.stacks import Stacks
from tests.e2e.test_browser import CHROMIUM, pytestmark  # noqa: F401  # the same conditions
from tests.e2e.test_docs_examples import UPLOADS, stored
from tests.e2e.test_uppy import numbers, sent_again

SIZE = 96 * 10**6
PARTS = set(range(1, 13))


def test_the_browser_s_upload_goes_on_after_a_cut_and_a_reload(
    customer: Customer, stacks: Stacks, tmp_path: Path
) -> None:
    assert CHROMIUM is not None, "CI installs Chromium"
    source, example = tmp_path / "holiday.mp4", tmp_path / "upload.js"
    source.write_bytes(random.Random(96).randbytes(SIZE))
    example.write_text(code(UPLOADS, "In a browser", "javascript"))
    key = stacks.operator.create_key(customer.tenant_id, ["uploads:write"])["key"]
    script = REPOSITORY / "tests" / "e2e" / "docs_upload.mjs"
    ended = subprocess.run(
        [NODE_BIN / "node", script, CHROMIUM, REPOSITORY / "node_modules", example, source],
        env=os.environ | {"API": stacks.outputs["ApiUrl"], "KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    seen = json.loads(ended.stdout)
    state, upload_id = seen["title"].split(" ", 1)
    assert state == "done", seen["title"]

    assert hashlib.sha256(stored(customer, stacks, upload_id)).digest() == hashlib.sha256(source.read_bytes()).digest()
    parts, before = seen["parts"], seen["parts"][: seen["beforeReload"]]
    assert sent_again(parts) == []
    assert set(numbers(parts, "sent")) == PARTS
    assert set(numbers(before, "lost")) & set(numbers(parts, "stored"))
    assert 0 < len(numbers(before, "stored")) < len(PARTS)
    assert seen["asked"] == ["/uploads", f"/uploads/{upload_id}/token"]
    assert (seen["credentials"], seen["left"]) == (["Bearer ut_"], [])
    first, second = seen["progress"]
    assert first + second == sorted({*first, *second}) and second[-1] == 1
