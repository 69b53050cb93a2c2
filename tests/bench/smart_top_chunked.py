"""What a copied top rendition saves in chunks: processor time of a whole job in parts, over that of the whole ladder.

The clip of `smart_top`, in chunks of two segments; with all that the tasks do themselves: cutting, joining, packaging.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sluice.domain.encoding import EncodingProfile, EncodingSettings, ProfileRef
from sluice.domain.ids import Prefix
from sluice.media.chunks import ChunkedPlan
from sluice.service.assembling import assemble
from sluice.service.attempts import Ending
from sluice.service.chunk_parts import encode_part
from sluice.service.chunk_ports import Chunking
from sluice.service.part_rounds import unfinished
from sluice.service.ports import Create, Replace
from tests.bench.figure import Figure
from tests.bench.smart_top import LIMIT, standard_source
from tests.bench.transcode import MeteredTools
from tests.media.test_attempt import Attempt

CHUNKS = Chunking(over_s=25, length_s=12.1)  # segments are 6.006 s
COPIED, ENCODED = EncodingSettings(), EncodingSettings(passthrough="never")


def cpu_s(source: Path, scratch: Path, settings: EncodingSettings) -> float:
    """Of all programs, and of this process."""
    attempt, tools = begun(source, scratch, settings), MeteredTools()
    attempt.deps = replace(attempt.deps, tools=tools)
    began = time.process_time()
    assert attempt.run() is Ending.CHUNKED
    result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
    assert result and result.plan_id
    names = {"tenant_id": attempt.job.tenant_id, "job_id": attempt.job.id, "plan_id": result.plan_id}
    plan = attempt.records.chunk_plan(**names)
    assert plan and bool(ChunkedPlan.model_validate_json(plan.work).copied) is (settings is COPIED)
    for part in unfinished(plan, attempt.records):
        assert encode_part(**names, part=part, attempt=1, deps=attempt.deps) is Ending.FINISHED
    assert assemble(**names, attempt=1, deps=attempt.deps) is Ending.PUBLISHED
    return tools.cpu_s + time.process_time() - began


def begun(source: Path, scratch: Path, settings: EncodingSettings) -> Attempt:
    made = Attempt(source.read_bytes(), scratch, CHUNKS)
    profile = EncodingProfile(
        id=made.deps.ids(Prefix.ENCODING_PROFILE),
        tenant_id=made.job.tenant_id,
        revision=1,
        name="Bench",
        settings=settings,
        created_at=made.deps.now(),
    )
    reference = ProfileRef(id=profile.id, revision=profile.revision)
    made.job = made.job.model_copy(update={"profile": reference, "version": made.job.version + 1})
    made.records.commit(Create(profile), Replace(made.job))
    return made


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        source = standard_source(folder)
        whole, smart = (cpu_s(source, folder / "scratch", settings) for settings in (ENCODED, COPIED))
    yield Figure("smart_top_chunked_cpu_ratio", smart / whole, "ratio", LIMIT)
