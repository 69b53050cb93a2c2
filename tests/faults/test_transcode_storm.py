"""Tasks killed or stopped at any point, taken over, doubled or lost: the asset ends ready, with one whole version."""

import inspect
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sluice.domain.chunks import ChunkPlan
from sluice.domain.models import AssetVersion, Job
from sluice.domain.states import JobState
from sluice.service import assembling, early_publish, publishing, smart_top, transcode
from sluice.service.attempts import AttemptPorts, publish
from sluice.service.chunk_parts import Going, going
from sluice.service.retries import retry_on_conflict
from tests.fakes.copied_top import copy_top
from tests.faults.transcode_storm.storm import TranscodeStorm
from tests.faults.transcode_storm.world import InlinePool

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "100")))  # `make faults N=...` blows longer
BLOCKS = 10
MUTANT_SEEDS = range(400)  # each is caught much earlier


@pytest.fixture(autouse=True)
def without_threads_and_media(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "ThreadPoolExecutor", InlinePool)
    monkeypatch.setattr(smart_top, "copy_top", copy_top)


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    return Counter()


def violations(seed: int, folder: Path, seen: Counter[str]) -> list[str]:
    storm = TranscodeStorm(seed, folder)
    storm.blow()
    seen.update(storm.machine.seen)
    seen.update(storm.tops())
    return list(storm.violations())


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_asset_ends_ready(block: int, seen: Counter[str], tmp_path: Path) -> None:
    for seed in SEEDS[block::BLOCKS]:
        assert not violations(seed, tmp_path, seen), f"seed {seed}"
        seen["jobs"] += 1


def test_the_storm_does_blow(seen: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise the test above would show nothing. Prints what it went through."""
    with capsys.disabled():
        print("\ntranscode storm: " + ", ".join(f"{name} {count}" for name, count in sorted(seen.items())), end=" ")
    assert seen["jobs"] == len(SEEDS)
    assert seen["Died"] + seen["SystemExit"] > len(SEEDS)
    for name in ("chunked", "left", "early published", "early over", "ProviderFailure", "Superseded", "verdict done"):
        assert seen[name], f"none: {name}"
    for name in ("early too_large", "early by the task", "top of the early version"):
        assert seen[name], f"none: {name}"
    for name in ("copy in chunks", "chunk that does not fit"):
        assert seen[name], f"none: {name}"
    for name in ("stray twin", "stray lost", "stray lost for free"):
        assert seen[name], f"none: {name}"


def publishes_unfenced(patch: pytest.MonkeyPatch) -> None:
    """Whatever the job row says by now."""

    @retry_on_conflict
    def unfenced(*, job: Job, version: AssetVersion, ports: AttemptPorts) -> None:
        now = ports.records.job(job.tenant_id, job.id)
        assert now is not None
        running = now.model_copy(update={"state": JobState.RUNNING})
        rows = SimpleNamespace(
            job=lambda *_key: running, asset=ports.records.asset, commit=ports.records.commit
        )  # fmt: skip
        fresh = AttemptPorts(records=cast(Any, rows), now=ports.now, ids=ports.ids, environment=ports.environment)
        inspect.unwrap(publish)(job=running, version=version, ports=fresh)

    patch.setattr(transcode, "publish", unfenced)
    patch.setattr(assembling, "publish", unfenced)


def joins_another_plan(patch: pytest.MonkeyPatch) -> None:
    """The job's first plan, whichever attempt made it."""

    def first(tenant_id: str, job_id: str, plan_id: str, ports: Any) -> Going | None:
        found = going(tenant_id, job_id, plan_id, ports)
        plans = [row for row in vars(ports.records)["_port"].rows.values() if isinstance(row, ChunkPlan)]
        return found and Going(found.job, plans[0])

    patch.setattr(assembling, "going", first)


def publishes_early_at_any_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(early_publish, "_needless", lambda _job, _asset: None)


@pytest.mark.parametrize("break_it", [publishes_unfenced, joins_another_plan, publishes_early_at_any_time])
def test_a_mutant_is_caught(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    break_it(monkeypatch)
    assert any(violations(seed, tmp_path, Counter()) for seed in MUTANT_SEEDS)
