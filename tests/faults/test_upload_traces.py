"""Many clients, honest, hostile and unlucky, in random traces over the real use cases.

After each step nothing is stored that was not declared and nothing is overwritten; after one last reconcile nothing
is stuck, lost or still counted.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from sluice.domain.upload import Upload
from sluice.service import completion, expiry, intake
from sluice.service.ports import Count, StoredPart, Write
from sluice.service.settling import moving
from tests.faults.upload_traces.bucket import TraceBucket
from tests.faults.upload_traces.machine import UploadTraces

TRACES = int(os.environ.get("FAULT_SEEDS", "400"))  # `make faults N=...` runs more
MUTANT_TRACES = 1_200  # the rarest was found after 757
SEEDED = settings(
    stateful_step_count=30,
    derandomize=True,  # the same traces on every machine; a longer run begins with those of a shorter one
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),  # traces are long by intention, and slow on a shared machine
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
)


@pytest.fixture(autouse=True)
def the_same_traces_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else some values are constants of the modules that are loaded, and with all tests in one run those are others."""
    monkeypatch.setattr(HypothesisProvider, "_maybe_draw_constant", lambda *_args, **_options: None)


def run(figures: Counter[str], seeded: settings) -> None:
    class Counted(UploadTraces):
        pass

    Counted.figures = figures
    run_state_machine_as_test(Counted, settings=seeded)


def test_uploads_survive_every_trace(capsys: pytest.CaptureFixture[str]) -> None:
    figures: Counter[str] = Counter()
    run(figures, settings(SEEDED, max_examples=TRACES))
    with capsys.disabled():
        print("\nupload traces: " + ", ".join(f"{count} {name}" for name, count in figures.items()))
    assert figures["traces"] >= TRACES
    for name in ("complete", "expired", "aborted", "failed", "joined behind our back", "refused"):
        assert figures[name] * 20 > TRACES, f"too few: {name}"  # else the run would show nothing
    for name in ("crash", "fault", "conflict", "meanwhile"):
        assert figures[name] * 20 > TRACES, f"too few: {name}"
    # The rarest: 19 to 44 in 400 traces, which also depend on the modules that other tests have loaded.
    assert figures["while joining"] * 100 > TRACES


def takes_any_size(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake, "_difference", lambda _upload, _stored: None)


def joins_what_is_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(completion, "check_parts", lambda _upload, _parts: None)


def keeps_the_quota_of_expired_uploads(patch: pytest.MonkeyPatch) -> None:
    def uncounted(*args: Any, **changes: Any) -> tuple[Upload, list[Write]]:
        after, writes = moving(*args, **changes)
        return after, [write for write in writes if not isinstance(write, Count)]

    patch.setattr(expiry, "moving", uncounted)


def keeps_the_parts_of_expired_uploads(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(expiry, "free_parts", lambda _upload, _objects: None)


def overwrites(patch: pytest.MonkeyPatch) -> None:
    """As S3 does when nobody says If-None-Match."""
    join = TraceBucket.complete_multipart

    def joined(bucket: TraceBucket, key: str, multipart_id: str, *args: Any, **options: Any) -> None:
        if multipart_id in bucket.open:
            bucket.objects.pop(key, None)
        join(bucket, key, multipart_id, *args, **options)

    patch.setattr(TraceBucket, "complete_multipart", joined)


def joins_replaced_parts(patch: pytest.MonkeyPatch) -> None:
    """As if the ETags were not of the list that was checked."""
    join = TraceBucket.complete_multipart

    def joined(bucket: TraceBucket, key: str, multipart_id: str, parts: Sequence[StoredPart], **options: Any) -> None:
        now = bucket.open.get(multipart_id, {})
        join(bucket, key, multipart_id, [now.get(part.number, part) for part in parts], **options)

    patch.setattr(TraceBucket, "complete_multipart", joined)


@pytest.mark.parametrize(
    "break_it",
    [
        takes_any_size,
        joins_what_is_there,
        joins_replaced_parts,
        overwrites,
        keeps_the_quota_of_expired_uploads,
        keeps_the_parts_of_expired_uploads,
    ],
)
def test_the_traces_find(break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch)
    with pytest.raises(AssertionError):
        run(Counter(), settings(SEEDED, max_examples=MUTANT_TRACES, phases=[Phase.generate], print_blob=False))
