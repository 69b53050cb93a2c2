"""A file through a bad network: every byte arrives, nothing that arrived is sent again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice_client import (
    ApiError,
    FileChanged,
    PartRefused,
    SluiceClient,
    Transferred,
    parts,
    upload_file,
)
from tests.client.cloud import Cloud
from tests.client.server import Fault

PUT = "^PUT /s3/"


def test_a_file_arrives_whole(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    told: list[Transferred] = []
    done = upload_file(
        client,
        film,
        title="A film",
        tags=["a"],
        metadata={"class": "4b"},
        external_id="film-1",
        state_path=state,
        on_progress=told.append,
    )
    assert cloud.only.joined == film.read_bytes()
    assert (done.upload.state, done.resumed, done.parts_sent) == ("complete", False, 9)
    assert cloud.only.request == {
        "size_bytes": film.stat().st_size,
        "filename": "film.mp4",
        "content_type": "video/mp4",
        "title": "A film",
        "tags": ["a"],
        "metadata": {"class": "4b"},
        "external_id": "film-1",
    }
    assert told[-1] == Transferred(*[film.stat().st_size] * 3)
    assert not state.exists()
    assert all("authorization" not in one.headers for one in cloud.seen if one.line.startswith("PUT"))


FAULTS: list[Callable[[], list[Fault]]] = [
    lambda: [Fault(PUT, do="drop_in_body", times=5)],
    lambda: [Fault(PUT, status=500, times=4), Fault("POST .*/parts", status=502, times=2)],
    lambda: [Fault(PUT, status=503, body=b"<Error><Code>SlowDown</Code></Error>", times=6)],
    lambda: [Fault(PUT, status=400, body=b"<Error><Code>RequestTimeout</Code></Error>", times=2)],
    lambda: [Fault(PUT, status=403, times=2), Fault("complete$", status=429, headers={"Retry-After": "0"})],
    lambda: [Fault("complete$", do="drop_unanswered"), Fault("POST /v1/uploads$", do="drop_unanswered")],
    lambda: [Fault("", status=503, times=9)],
]


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_faults_cost_time_only(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, faults: Callable[[], list[Fault]], concurrency: int
) -> None:
    cloud.faults = faults()
    told: list[Transferred] = []
    upload_file(client, film, state_path=state, concurrency=concurrency, on_progress=told.append)
    assert cloud.only.joined == film.read_bytes()
    assert set(cloud.only.stores.values()) == {1}
    assert [fault.times for fault in cloud.faults] == [0] * len(cloud.faults)
    assert told[-1] == Transferred(*[film.stat().st_size] * 3)


def test_a_part_whose_acknowledgement_is_lost_is_sent_again(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault(f"{PUT}upl_1/3", do="drop_unanswered")]
    upload_file(client, film, state_path=state)
    assert cloud.only.joined == film.read_bytes()
    assert cloud.only.stores[3] == 2
    assert cloud.only.stores.total() == 10


def test_urls_that_expire_on_the_way_are_signed_again(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.before_answer = lambda line: cloud.expire_urls() if line.endswith("upl_1/2") else None
    upload_file(client, film, state_path=state, concurrency=1)
    assert cloud.only.joined == film.read_bytes()
    # Page 1-4; 3 and 4 refused, each signed alone; page 5-9.
    assert (cloud.count("POST .*/parts"), cloud.count(PUT)) == (4, 11)


def test_a_key_that_may_not_send_is_told_soon(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    cloud.faults = [Fault(PUT, status=403, times=1000, body=b"<Error><Code>AccessDenied</Code></Error>")]
    with pytest.raises(PartRefused) as refused:
        upload_file(client, film, state_path=state, concurrency=1)
    assert (refused.value.status, refused.value.code) == (403, "AccessDenied")
    assert cloud.count(PUT) == parts.FORBIDDEN_LIMIT
    assert "Signature=" not in str(refused.value)


def test_joining_may_take_longer_than_one_answer(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    cloud.completion_looks = 4
    assert upload_file(client, film, state_path=state).upload.state == "complete"
    assert cloud.count("GET /v1/uploads/upl_1$") == 4


@pytest.mark.parametrize("lost", [lambda parts: parts.pop(5), lambda parts: parts.update({5: b"half"})])
def test_a_part_that_the_storage_lost_is_sent_again(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, lost: Callable[[dict[int, bytes]], Any]
) -> None:
    def lose(line: str) -> None:
        if line.endswith("upl_1/9"):
            lost(cloud.slots["upl_1"].parts)

    cloud.before_answer = lose
    cloud.faults = [
        Fault(
            "complete$",
            status=409,
            body=b'{"code": "upload_incomplete"}',
            headers={"Content-Type": "application/problem+json"},
        )
    ]
    upload_file(client, film, state_path=state, concurrency=1)
    assert cloud.only.joined == film.read_bytes()
    assert cloud.only.stores == {number: 2 if number == 5 else 1 for number in range(1, 10)}


@pytest.mark.parametrize("change", [lambda film: film.write_bytes(b"short"), lambda film: os.utime(film, ns=(1, 1))])
def test_a_file_that_changes_on_the_way_is_not_joined(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, change: Callable[[Path], None]
) -> None:
    cloud.before_answer = lambda line: change(film) if line.endswith("upl_1/2") else None
    with pytest.raises(FileChanged):
        upload_file(client, film, state_path=state, concurrency=1)
    assert cloud.only.state == "aborted"
    assert not state.exists()


def test_a_refused_upload_leaves_nothing_that_hinders_the_next(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault("POST /v1/uploads$", status=422)]
    with pytest.raises(ApiError, match="422"):
        upload_file(client, film, state_path=state, title="x" * 501)
    assert upload_file(client, film, state_path=state).upload.state == "complete"


def test_what_is_no_file_is_said_at_once(client: SluiceClient, cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a file"):
        upload_file(client, tmp_path)
    with pytest.raises(FileNotFoundError):
        upload_file(client, tmp_path / "none.mp4")
    with pytest.raises(ValueError, match="concurrency"):
        upload_file(client, tmp_path, concurrency=0)
    assert cloud.seen == []
