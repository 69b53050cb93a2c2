"""An upload that another run began: what is stored stays, what is gone begins anew."""

import json
import os
from pathlib import Path

import pytest

from sluice_client import (
    ApiError,
    ConnectionFailed,
    PartRefused,
    SluiceClient,
    Transferred,
    upload_file,
)
from sluice_client.state import Source, default_state_path
from tests.client.cloud import Cloud
from tests.client.server import Fault

PUT = "^PUT /s3/"


def broken_off(client: SluiceClient, cloud: Cloud, film: Path, state: Path, after: int = 4) -> None:
    """An upload that stops for good once so many parts are stored."""
    cloud.faults = [Fault(rf"{PUT}upl_\d+/{after + 1}$", status=400)]
    with pytest.raises(PartRefused):
        upload_file(client, film, state_path=state, concurrency=1)


def test_a_dead_network_ends_with_something_to_resume(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault(f"{PUT}upl_1/[5-9]", do="drop_in_body", times=1000)]
    with pytest.raises(ConnectionFailed) as failed:
        upload_file(client, film, state_path=state, concurrency=2)
    assert "Signature=" not in str(failed.value)
    cloud.faults = []
    done = upload_file(client, film, state_path=state)
    assert (done.resumed, done.parts_sent) == (True, 5)
    assert cloud.only.joined == film.read_bytes()
    assert set(cloud.only.stores.values()) == {1}


def test_what_is_stored_is_not_sent_again(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    broken_off(client, cloud, film, state)
    assert sorted(cloud.only.parts) == [1, 2, 3, 4]
    told: list[Transferred] = []
    done = upload_file(client, film, state_path=state, on_progress=told.append)
    assert (done.resumed, done.parts_sent) == (True, 5)
    assert told[0].stored_bytes == 4 * cloud.part_size
    assert set(cloud.only.stores.values()) == {1}


def test_a_changed_file_starts_anew_and_frees_the_old_parts(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    broken_off(client, cloud, film, state)
    os.utime(film, ns=(1, 1))
    done = upload_file(client, film, state_path=state)
    assert (done.upload.upload_id, done.resumed) == ("upl_2", False)
    assert cloud.slots["upl_1"].state == "aborted"
    assert cloud.slots["upl_2"].joined == film.read_bytes()


def test_another_file_s_state_is_left_alone(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, tmp_path: Path
) -> None:
    broken_off(client, cloud, film, state)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other")
    upload_file(client, other, state_path=state)
    assert cloud.slots["upl_1"].state == "open"
    assert cloud.slots["upl_2"].joined == b"other"


@pytest.mark.parametrize("ended", ["expired", "aborted", "failed"])
def test_an_upload_that_ended_meanwhile_starts_anew(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, ended: str
) -> None:
    broken_off(client, cloud, film, state)
    cloud.only.state = ended
    assert upload_file(client, film, state_path=state).upload.upload_id == "upl_2"
    assert cloud.slots["upl_2"].joined == film.read_bytes()


@pytest.mark.parametrize("ended", ["expired", "aborted"])
def test_an_upload_that_ends_on_the_way_starts_anew(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, ended: str
) -> None:
    def end(line: str) -> None:
        if line.endswith("upl_1/3"):
            cloud.slots["upl_1"].state = ended

    cloud.before_answer = end
    assert upload_file(client, film, state_path=state).upload.upload_id == "upl_2"
    assert cloud.slots["upl_2"].joined == film.read_bytes()


def test_an_upload_that_another_process_completes_is_done(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    def complete(line: str) -> None:
        if line.endswith("upl_1/3"):
            cloud.slots["upl_1"].state = "complete"

    cloud.before_answer = complete
    assert upload_file(client, film, state_path=state, concurrency=1).upload.state == "complete"
    assert len(cloud.slots) == 1
    assert not state.exists()


def test_an_upload_that_is_being_joined_is_waited_for(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.completion_looks = 3
    cloud.faults = [Fault("GET /v1/uploads/upl_1$", status=400)]
    with pytest.raises(ApiError, match="400"):
        upload_file(client, film, state_path=state)
    assert cloud.only.state == "completing"
    done = upload_file(client, film, state_path=state)
    assert (done.upload.state, done.resumed, done.parts_sent) == ("complete", True, 0)


def test_uploads_that_end_again_and_again_are_given_up(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault(PUT, status=404, times=1000, body=b"<Error><Code>NoSuchUpload</Code></Error>")]
    with pytest.raises(PartRefused, match="NoSuchUpload"):
        upload_file(client, film, state_path=state)
    assert len(cloud.slots) == 3


def test_an_upload_that_was_asked_for_and_never_seen_is_taken_up(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault("POST /v1/uploads$", do="drop_unanswered", times=client.retries.attempts)]
    with pytest.raises(ConnectionFailed):
        upload_file(client, film, state_path=state)
    assert upload_file(client, film, state_path=state).upload.upload_id == cloud.only.upload_id


def test_or_not_if_it_is_to_be_called_otherwise(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    cloud.faults = [Fault("POST /v1/uploads$", do="drop_unanswered", times=client.retries.attempts)]
    with pytest.raises(ConnectionFailed):
        upload_file(client, film, state_path=state)
    done = upload_file(client, film, state_path=state, title="Other")
    assert cloud.slots[done.upload.upload_id].request["title"] == "Other"


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 1}', '{"format": 99, "source": {}}'])
def test_a_damaged_state_is_no_state(client: SluiceClient, cloud: Cloud, film: Path, state: Path, damage: str) -> None:
    state.write_text(damage)
    assert not upload_file(client, film, state_path=state).resumed
    assert cloud.only.joined == film.read_bytes()


def test_the_state_holds_no_secret_and_is_its_owner_s(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    broken_off(client, cloud, film, state)
    kept = json.loads(state.read_text())
    assert kept.keys() == {"format", "source", "base_url", "idempotency_key", "upload_id", "checksummed"}
    assert state.stat().st_mode & 0o077 == 0
    assert [path.name for path in state.parent.iterdir() if path.name.startswith("state")] == ["state.json"]


def test_each_file_and_api_has_a_state_of_its_own(film: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    source = Source.of(film)
    os.utime(film, ns=(1, 1))
    changed, other = Source.of(film), Source(str(film) + "2", source.size, source.mtime_ns)
    paths = [default_state_path(one, url) for one in (source, changed, other) for url in ("https://a", "https://b")]
    assert len(set(paths)) == 4
    assert paths[0].is_relative_to(tmp_path / "sluice" / "uploads")
