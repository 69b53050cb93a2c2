"""What the state machine asks between a long job's tasks, and what it is told."""

import pytest

from functions.find_parts import handler as find_parts
from sluice import bootstrap
from sluice.config import Environment, FindPartsSettings
from tests.fakes.gateway import LambdaContext
from tests.unit.film import ROOMY, Film
from tests.unit.test_vcpu_admission import Plant


def test_the_state_machine_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    film = Film(Plant(limits=ROOMY), chunks=1)
    settings = FindPartsSettings(
        environment=Environment.DEV,
        table_name="t",
        max_vcpus=8,
        max_tenant_vcpus=8,
        chunk_tasks=5,
        parts_in_turn=2,
    )
    monkeypatch.setattr(find_parts, "settings", lambda: settings)
    core = bootstrap.Core(environment="dev", records=film.plant.records, now=film.plant.now)
    monkeypatch.setattr(find_parts, "deps", lambda: core)
    asked = {"tenant_id": "ten_a", "job_id": film.job.id, "attempt": 1, "started_at": film.started_at.isoformat()}
    told = find_parts.lambda_handler(asked, LambdaContext())
    assert told == {
        "attempt": 1,
        "action": "parts",
        "tasks": [
            {"part": "audio", "size": {"cpu": "2048", "memory": "4096", "storage_gib": 23}},
            {"part": "0", "size": {"cpu": "4096", "memory": "8192", "storage_gib": 25}},
        ],
        "width": 1,
        "before": {"after": 0, "most": 5, "fewer": 0},
        "size": None,
        "error": None,
        "plan_id": film.plan.id,
        "parts": ["audio", "0"],
        "left": 2,
    }
    again = find_parts.lambda_handler({**asked, "before": told["before"]}, LambdaContext())
    assert (again["action"], again["size"]) == ("left", {"cpu": "4096", "memory": "8192", "storage_gib": 25})
    assert find_parts.lambda_handler({"attempt": 1, "tenant_id": "ten_a", "job_id": film.job.id}, LambdaContext())[
        "left"
    ]
