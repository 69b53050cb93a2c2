"""A job that waits for room starts when another one gives some back, not only once a minute."""

import pytest

from functions.start_waiting import handler
from sluice.domain.leases import VcpuLimits
from tests.fakes.gateway import LambdaContext
from tests.unit.film import Film, names
from tests.unit.test_vcpu_admission import Plant

REMOVED = {"Records": [{"eventName": "REMOVE"}] * 3}


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    plant = Plant()
    monkeypatch.setattr(handler, "deps", lambda: plant.admission)
    return plant


def test_the_next_jobs_start_in_fair_order(plant: Plant) -> None:
    running = [plant.arrive("ten_a"), plant.arrive("ten_a"), plant.arrive("ten_b")]
    waiting = [plant.arrive(tenant_id) for tenant_id in ("ten_a", "ten_b", "ten_c")]
    assert plant.executions.names == [job.id for job in running]
    plant.end(running[0])
    plant.end(running[2])
    handler.lambda_handler(REMOVED, LambdaContext())
    assert plant.executions.names[3:] == [waiting[1].id, waiting[2].id]  # ten_a has most in use
    plant.end(running[1])
    handler.lambda_handler(REMOVED, LambdaContext())
    assert plant.executions.names[5:] == [waiting[0].id]


def test_a_film_that_makes_room_lets_others_in(plant: Plant) -> None:
    plant.limits = VcpuLimits(environment=24, tenant=24)
    film = Film(plant, chunks=100)
    wide = film.next()
    plant.arrive("ten_b")
    waiting = plant.arrive("ten_c")
    handler.lambda_handler(REMOVED, LambdaContext())
    assert (film.held, waiting.id in plant.executions.names) == (20, False)
    film.finish(*names(wide))
    film.next(wide.before)
    handler.lambda_handler(REMOVED, LambdaContext())
    assert (film.held, waiting.id in plant.executions.names) == (4, True)


def test_where_nobody_waits_there_is_one_read(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.end(plant.arrive("ten_a"))
    monkeypatch.setattr(plant.records, "leases", lambda: pytest.fail("looked at leases"))
    monkeypatch.setattr(plant.records, "unfinished_job_ids", lambda: pytest.fail("looked at jobs"))
    handler.lambda_handler(REMOVED, LambdaContext())
