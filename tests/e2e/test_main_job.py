"""The main job: a film goes up in parts, webhooks tell its way, and it plays to its end."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.local.demo.playing import Player, decode
from tests.e2e.customer import states, types
from tests.e2e.film import Film
from tests.e2e.stacks import Stacks
from tests.media.clips import ffmpeg

pytestmark = pytest.mark.e2e

DASH = "{urn:mpeg:dash:schema:mpd:2011}"


def test_webhooks_tell_every_state_in_order(film: Film) -> None:
    assert states(film.history) == ["created", "ingesting", "uploaded", "processing", "ready"]
    assert [one.sequence for one in film.history] == list(range(1, len(film.history) + 1))
    assert all(one.verified for one in film.history)
    told = types(film.history)
    assert [told.count(name) for name in ("upload.complete", "transcode.started", "transcode.ready")] == [1, 1, 1]
    assert {one.event["environment"] for one in film.history} == {"local"}
    assert {one.event["tenant_id"] for one in film.history} == {film.customer.tenant_id}


def test_it_went_up_in_parts(film: Film, stacks: Stacks) -> None:
    assert film.slot["part_count"] > 1
    key = f"uploads/{film.customer.tenant_id}/{film.slot['upload_id']}"
    stored = stacks.engine.client("s3").head_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)
    assert stored["ContentLength"] == film.source.stat().st_size
    assert stored["ETag"].strip('"').endswith(f"-{film.slot['part_count']}")


def test_the_routes_agree(film: Film) -> None:
    asset = film.customer.asset(film.slot)
    listed = film.customer.api.call("GET", "/v1/assets")
    job = film.customer.job(asset["job_id"])
    upload = film.customer.api.call("GET", f"/v1/uploads/{film.slot['upload_id']}")
    assert listed == {"data": [asset], "next_cursor": None}
    assert (asset["state"], asset["playable"], asset["error"]) == ("ready", True, None)
    assert asset["playback_ids"] == [film.slot["playback_id"]]
    assert asset["duration_s"] == pytest.approx(13, abs=0.05)
    assert (job["state"], job["attempt"], job["capacity"]) == ("succeeded", 1, "FARGATE_SPOT")
    assert job["asset_id"] == asset["asset_id"]
    assert job["version_id"] == asset["active_version"]
    assert (upload["state"], upload["asset_id"]) == ("complete", asset["asset_id"])
    assert film.history[-1].event["data"]["job_id"] == asset["job_id"]


def test_hls_plays_to_its_end(film: Film, player: Player, tmp_path: Path) -> None:
    played = tmp_path / "played.mp4"
    player.download(film.media_urls, played, lambda done: None)
    result, source = decode(played), decode(film.source)
    assert result is not None and source is not None
    assert result.count == source.count == 325
    assert result.monotonic
    assert result.duration_s == pytest.approx(source.duration_s, abs=source.frame_s)


def test_every_playlist_of_the_master_is_served(film: Film, player: Player) -> None:
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    for url in player.playlist_urls(session["hls_url"]):
        assert player.fetch(url).startswith(b"#EXTM3U")
        assert {player.status(media) for media in set(player.media_urls(url))} == {200}


def test_dash_is_served(film: Film, player: Player) -> None:
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    manifest = ElementTree.fromstring(player.fetch(session["dash_url"]))  # noqa: S314  # our own text
    kinds = [found.get("contentType") for found in manifest.iter(f"{DASH}AdaptationSet")]
    assert sorted(kind or "" for kind in kinds) == ["audio", "video"]
    for representation in manifest.iter(f"{DASH}Representation"):
        urls = dash_urls(representation)
        assert len(urls) == 4  # initialization and three segments of 6, 6 and 1 s
        assert [player.status(url) for url in (urls[0], urls[1], urls[-1])] == [200, 200, 200]


def dash_urls(representation: ElementTree.Element) -> list[str]:
    """Initialization segment, then every segment, as a player makes them of the template."""
    address, template = representation.find(f"{DASH}BaseURL"), representation.find(f"{DASH}SegmentTemplate")
    assert address is not None and template is not None
    runs = template.findall(f"{DASH}SegmentTimeline/{DASH}S")
    count = sum(1 + int(run.get("r", "0")) for run in runs)
    first = int(template.get("startNumber", "1"))
    names = [template.attrib["media"].replace("$Number%05d$", f"{first + number:05d}") for number in range(count)]
    return [f"{address.text}{name}".replace("$$", "$") for name in (template.attrib["initialization"], *names)]


def test_the_poster_is_a_jpeg_of_the_film(film: Film, player: Player, tmp_path: Path) -> None:
    session = film.customer.api.call("POST", "/v1/playback-sessions", {"playback_id": film.slot["playback_id"]})
    poster = tmp_path / "poster.jpg"
    poster.write_bytes(player.fetch(session["poster_url"]))
    assert poster.read_bytes()[:3] == b"\xff\xd8\xff"
    ffmpeg("-i", str(poster), "-f", "null", "-")  # it decodes


def test_media_is_immutable_and_playlists_are_private(film: Film, stacks: Stacks) -> None:
    http = film.customer.http
    segment = http.request("HEAD", film.media_urls[-1])
    playlist = http.request("GET", film.playlist_url)
    assert (segment.status, playlist.status) == (200, 200)
    assert "immutable" in segment.headers["Cache-Control"]
    assert playlist.headers["Cache-Control"] == "private, no-store"


def test_one_version_exists_and_its_metadata_names_the_job(film: Film, stacks: Stacks) -> None:
    asset = film.customer.asset(film.slot)
    versions = stacks.versions(film.customer.tenant_id, asset["asset_id"])
    assert [version.id for version in versions] == [asset["active_version"]]
    key = f"{versions[0].media_prefix}poster.jpg"
    stored = stacks.engine.client("s3").head_object(Bucket=stacks.outputs["MediaBucket"], Key=key)
    assert stored["Metadata"]["job-id"] == asset["job_id"]
    assert json.loads(stacks.executions(asset["asset_id"])[0]["input"])["job_id"] == asset["job_id"]
