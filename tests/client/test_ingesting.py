"""Files that Sluice fetches itself: asked for one by one or in batches, waited for, told."""

import json
import sys

import pytest

from sluice_client import Fetched, IngestSource, SluiceClient, UploadFailed, WaitedTooLong
from sluice_client.cli import main
from tests.client.cloud import KEY, Cloud
from tests.client.server import Fault
from tests.client.slot import Progress

URL = "https://films.example/film.mp4"
PROGRESS: list[Progress] = [(0, None), (500, 1000), (1000, 1000)]
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def settings(cloud: Cloud) -> dict[str, str]:
    return {"SLUICE_API_URL": cloud.url, "SLUICE_API_KEY": KEY}


def test_a_source_is_passed_on_whole(client: SluiceClient, cloud: Cloud) -> None:
    asset = client.ingest(
        URL,
        headers={"X-Token": "t"},
        title="Film",
        tags=["a"],
        external_id="film-1",
        metadata={"class": "4b"},
        intake_policy_id="ipl_1",
        creator_id="user-7",
        transcode="none",
    )
    assert (asset.asset_id, asset.upload_id, asset.state) == ("ast_1", "upl_1", "ingesting")
    assert cloud.only.request == {
        "input": {"url": URL, "headers": {"X-Token": "t"}},
        "title": "Film",
        "tags": ["a"],
        "external_id": "film-1",
        "metadata": {"class": "4b"},
        "intake_policy_id": "ipl_1",
        "creator_id": "user-7",
        "transcode": "none",
    }


def test_what_is_left_out_is_the_api_s_to_decide(client: SluiceClient, cloud: Cloud) -> None:
    client.ingest(URL)
    assert cloud.only.request == {"input": {"url": URL}}


def test_a_repeated_call_carries_the_same_key(client: SluiceClient, cloud: Cloud) -> None:
    cloud.faults = [Fault("POST /v1/assets", status=502)]
    client.ingest(URL)
    client.ingest(URL)
    first, second, third = (one.headers["idempotency-key"] for one in cloud.seen)
    assert first == second != third


def test_a_fetch_is_waited_for(client: SluiceClient, cloud: Cloud) -> None:
    cloud.fetches = list(PROGRESS)
    seen: list[Fetched | None] = []
    upload = client.wait_for_upload(client.ingest(URL).upload_id, on_look=lambda one: seen.append(one.progress))
    assert upload.state == "complete"
    assert seen[:3] == [Fetched(*one) for one in PROGRESS]


def test_a_fetch_that_fails_says_why(client: SluiceClient, cloud: Cloud) -> None:
    cloud.fetch_fails = True
    with pytest.raises(UploadFailed, match="input.not_video"):
        client.wait_for_upload(client.ingest(URL).upload_id)


def test_waiting_for_a_fetch_ends(client: SluiceClient, cloud: Cloud) -> None:
    cloud.fetches = list(PROGRESS)
    with pytest.raises(WaitedTooLong, match="upl_1"):
        client.wait_for_upload(client.ingest(URL).upload_id, timeout_s=0)


def test_each_of_a_batch_has_its_own_result(client: SluiceClient, cloud: Cloud) -> None:
    good, bad = IngestSource(URL, title="Film"), IngestSource("https://10.0.0.1/")
    first, second, third = client.ingest_batch([good, bad, good])
    assert [one.index for one in (first, second, third)] == [0, 1, 2]
    assert first.asset and third.asset
    assert (first.status, first.asset.asset_id, first.error) == (201, "ast_1", None)
    assert second.error
    assert (second.asset, second.status, second.error.status) == (None, 422, 422)
    assert (second.error.code, second.error.errors[0]["pointer"]) == ("url_not_allowed", "/title")
    assert third.asset.asset_id == "ast_2"
    assert cloud.slots["upl_2"].request == {"input": {"url": URL}, "title": "Film"}


def test_a_large_batch_goes_in_pages_of_what_the_api_takes(client: SluiceClient, cloud: Cloud) -> None:
    results = client.ingest_batch([IngestSource(f"{URL}?{number}") for number in range(1001)])
    assert [one.index for one in results] == list(range(1001))
    assert [one.asset.upload_id for one in results if one.asset] == list(cloud.slots)
    assert cloud.count("POST /v1/assets:batch") == 2
    assert client.ingest_batch([]) == []


def test_the_command_asks_and_leaves(cloud: Cloud, settings: dict[str, str], capsys: Printed) -> None:
    options = ["--title", "Film", "--tag", "a", "--policy", "ipl_1", "--creator", "user-7"]
    headers = ["--header", "Authorization: Bearer a:b", "--header", "X-Empty:"]
    assert main(["ingest", URL, *options, *headers], settings) == 0
    request = cloud.only.request
    assert request["input"] == {"url": URL, "headers": {"Authorization": "Bearer a:b", "X-Empty": ""}}
    assert (request["title"], request["tags"]) == ("Film", ["a"])
    assert (request["intake_policy_id"], request["creator_id"]) == ("ipl_1", "user-7")
    printed = capsys.readouterr()
    assert dict(line.split() for line in printed.out.splitlines()) == {
        "upload_id": "upl_1",
        "asset_id": "ast_1",
        "playback_ids": "plb_1",
        "state": "ingesting",
    }
    assert printed.err == ""


@pytest.mark.parametrize(("ended", "code"), [("ready", 0), ("failed", 1)])
def test_waiting_tells_how_it_ended(
    cloud: Cloud, settings: dict[str, str], capsys: Printed, ended: str, code: int
) -> None:
    cloud.asset_states = ["uploaded", ended]
    assert main(["ingest", URL, "--wait", "--json"], settings) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["state"] == ended
    assert ("input.not_video" in printed.err) == (ended == "failed")


def test_what_is_not_transcoded_is_done_when_it_is_uploaded(
    cloud: Cloud, settings: dict[str, str], capsys: Printed
) -> None:
    cloud.asset_states = ["ingesting", "uploaded"]
    assert main(["ingest", URL, "--no-transcode", "--wait", "--json"], settings) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "uploaded"


def test_a_failed_fetch_ends_with_1(cloud: Cloud, settings: dict[str, str], capsys: Printed) -> None:
    cloud.fetch_fails = True
    assert main(["ingest", URL, "--wait", "--json"], settings) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err)["error"]["code"] == "input.not_video"


def test_on_a_terminal_there_is_a_bar(
    cloud: Cloud, settings: dict[str, str], capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.fetches = list(PROGRESS)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["ingest", URL, "--wait"], settings) == 0
    assert "1,000/1,000 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("header", ["no colon", ": value", "Na me: value", "Name: a\nB: c"])
def test_a_header_that_is_none_is_wrong_usage_and_not_repeated(
    cloud: Cloud, settings: dict[str, str], capsys: Printed, header: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ingest", URL, "--header", header], settings)
    assert left.value.code == 2
    assert "NAME: VALUE" in capsys.readouterr().err.splitlines()[-1]
    assert cloud.seen == []
