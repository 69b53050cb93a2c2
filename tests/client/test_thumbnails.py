"""Posters by the client and the command line."""

import json
from pathlib import Path

import pytest

from sluice_client import PictureRefused, SluiceClient
from sluice_client.cli import main
from sluice_client.models import as_json
from tests.client.cloud import KEY, Cloud
from tests.client.server import Fault
from tests.client.views import thumbnail_view

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def settings(cloud: Cloud) -> dict[str, str]:
    return {"SLUICE_API_URL": cloud.url, "SLUICE_API_KEY": KEY}


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    (path := tmp_path / "poster.jpg").write_bytes(b"a picture")
    return path


def test_a_frame_is_chosen_and_waited_for(client: SluiceClient, cloud: Cloud) -> None:
    asked = client.choose_frame("ast_1", 12.5)
    assert as_json(asked) == thumbnail_view("thm_1", "ast_1", "pending", 12.5)
    assert client.wait_for_thumbnail(asked).state == "ready"
    assert [one.thumbnail_id for one in client.list_thumbnails("ast_1")] == ["thm_1"]
    client.delete_thumbnail("ast_1", "thm_1")
    assert cloud.posters.asked == {}


def test_a_picture_is_sent_as_it_was_announced_without_the_key(
    client: SluiceClient, cloud: Cloud, poster: Path
) -> None:
    assert client.send_poster("ast_1", poster).source == "upload"
    assert cloud.posters.asked == {"thm_1": {"size_bytes": 9, "content_type": "image/jpeg"}}
    assert cloud.posters.sent == {"thm_1": b"a picture"}


def test_a_storage_that_fails_for_a_moment_is_asked_again(client: SluiceClient, cloud: Cloud, poster: Path) -> None:
    cloud.faults = [Fault("PUT /pictures", status=503), Fault("PUT /pictures", do="drop_unanswered")]
    client.send_poster("ast_1", poster)
    assert cloud.posters.sent == {"thm_1": b"a picture"}
    cloud.faults = [Fault("PUT /pictures", status=403)]
    with pytest.raises(PictureRefused) as refused:
        client.send_poster("ast_1", poster)
    assert refused.value.status == 403 and "Signature" not in str(refused.value)


def test_on_the_command_line(cloud: Cloud, settings: dict[str, str], poster: Path, capsys: Printed) -> None:
    assert main(["thumbnail", "ast_1", "--time", "2.5", "--wait", "--json"], settings) == 0
    assert json.loads(capsys.readouterr().out) == thumbnail_view("thm_1", "ast_1", "ready", 2.5)
    assert main(["thumbnail", "ast_1", "--file", str(poster)], settings) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["state", "pending"]
    assert main(["thumbnail", "ast_1", "--automatic"], settings) == 0
    assert list(cloud.posters.asked) == ["thm_2"]
    assert main(["thumbnail", "ast_1", "--automatic"], settings) == 0
    assert "automatic poster" in capsys.readouterr().err


def test_one_that_fails_ends_with_1_and_says_why(cloud: Cloud, settings: dict[str, str], capsys: Printed) -> None:
    cloud.posters.ends = "failed"
    assert main(["thumbnail", "ast_1", "--time", "1", "--wait"], settings) == 1
    assert "There is no video in it." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["", "--time -1", "--time inf", "--time x", "--time 1 --automatic", "--file missing.jpg"]
)
def test_wrong_usage_ends_with_2(cloud: Cloud, settings: dict[str, str], words: str) -> None:
    try:
        code = main(["thumbnail", "ast_1", *words.split()], settings)
    except SystemExit as left:
        code = int(str(left.code))
    assert (code, cloud.seen) == (2, [])
