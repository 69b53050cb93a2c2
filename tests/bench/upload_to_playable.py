"""How long after S3's event a standard source plays, on the embedded AWS: the median of warm rounds.

From just before the object is complete, and so before S3's event, to the asset that says `playable`. The job's task is
started at the same moment and takes its time, as on Fargate, where it has processors of its own; it is stopped after
each round.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from infra.local.cli import FOLDER
from infra.local.demo.api import Api
from infra.local.engine import TRANSCODER, Engine
from sluice.adapters.upload_objects import S3UploadObjects
from tests.bench.figure import Figure
from tests.e2e.customer import Customer, new_customer
from tests.e2e.stacks import Stacks
from tests.e2e.waiting import eventually
from tests.media.clips import Clip, make

ROUNDS = 9
LIMIT_S = 1.8  # what Mux publishes for short standard inputs
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
VIDEO = (*X264, "-g", "50", "-maxrate", "4000k", "-bufsize", "4000k")
START_S = 30  # what Fargate takes at least
LATER = [sys.executable, "-c", f"import os, sys, time; time.sleep({START_S}); os.execv(sys.argv[1], sys.argv[1:])"]
SLOW_START = replace(TRANSCODER, argv=[*LATER, *TRANSCODER.argv])
CLIP = Clip(size="1920x1080", seconds=60, video=VIDEO, output=("-ac", "2"))


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder, Engine(FOLDER, images=[SLOW_START]) as engine:
        source = make(CLIP, Path(folder))
        stacks = Stacks(engine, engine.deploy().outputs)
        with new_customer(stacks, "Bench") as customer:
            measured = [one_round(customer, stacks, source) for _ in range(1 + ROUNDS)]
    yield Figure("upload_to_playable_s", statistics.median(measured[1:]), "s", LIMIT_S)  # the first starts cold


def one_round(customer: Customer, stacks: Stacks, source: Path) -> float:
    slot = customer.reserve(source)
    customer.put_parts(slot, source)
    upload = stacks.records.upload(customer.tenant_id, slot["upload_id"])
    assert upload is not None
    objects = S3UploadObjects(stacks.engine.client("s3"), stacks.outputs["UploadsBucket"])
    parts = objects.parts(upload.key, upload.multipart_id)
    began = time.monotonic()
    objects.complete_multipart(upload.key, upload.multipart_id, parts)
    eventually(lambda: is_playable(customer, stacks, slot["asset_id"]), "a playable asset", every_s=0.01)
    taken = time.monotonic() - began
    cancel(customer, stacks, customer.job_id(slot))
    return taken


def is_playable(customer: Customer, stacks: Stacks, asset_id: str) -> bool:
    asset = stacks.records.asset(customer.tenant_id, asset_id)
    return asset is not None and asset.playable


def cancel(customer: Customer, stacks: Stacks, job_id: str) -> None:
    key = stacks.operator.create_key(customer.tenant_id, ["assets:write"])["key"]
    Api(stacks.outputs["ApiUrl"], key).call("POST", f"/v1/jobs/{job_id}/cancel")
    eventually(lambda: all(task["lastStatus"] == "STOPPED" for task in stacks.tasks(job_id)), "the end of its task")
