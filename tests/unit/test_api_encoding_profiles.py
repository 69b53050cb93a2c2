"""The encoding profile routes as a client sees them."""

from typing import Any

import pytest

from functions.api_policies import handler
from tests.unit.test_api_policies import Api

PATH = "/v1/encoding-profiles"
BODY = {
    "name": "Films",
    "codecs": ["h264", "av1"],
    "rungs": [{"short_side": 1080, "max_bitrate": 4500}, {"short_side": 360, "max_bitrate": 600}],
    "max_height": 1080,
    "max_bitrate": 6000,
    "max_fps": 30.0,
    "gop_s": 1.0,
    "segment_s": 4.0,
    "audio": {"bitrate": 192, "surround": "passthrough", "loudness": "normalise", "languages": "all"},
    "hdr": "keep",
    "passthrough": "never",
    "quality": "per_title",
}
BUILT_IN = {
    "codecs": ["h264"],
    "rungs": None,
    "max_height": None,
    "max_bitrate": None,
    "max_fps": 60.0,
    "gop_s": 2.0,
    "segment_s": 6.0,
    "audio": {"bitrate": 128, "surround": "drop", "loudness": "keep", "languages": "first"},
    "hdr": "sdr",
    "passthrough": "auto",
    "quality": "crf",
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def create(api: Api, **changes: Any) -> Any:
    return api.call("POST", PATH, body={**BODY, **changes})


def created(api: Api) -> str:
    return f"{PATH}/{create(api)['json']['encoding_profile_id']}"


def test_every_field_comes_back(api: Api) -> None:
    answer = create(api)
    assert (answer["statusCode"], answer["headers"]["ETag"]) == (201, '"1"')
    made = {
        "encoding_profile_id": answer["json"]["encoding_profile_id"],
        "version": 1,
        "archived": False,
        "created_at": "2026-12-01T10:00:00.000Z",
    }
    assert answer["json"] == BODY | made
    assert api.call("GET", f"{PATH}/{made['encoding_profile_id']}")["json"] == answer["json"]
    assert api.call("GET", PATH)["json"] == {"data": [answer["json"]], "next_cursor": None}


def test_everything_but_the_name_has_a_default(api: Api) -> None:
    made = api.call("POST", PATH, body={"name": "Anything"})["json"]
    assert {name: made[name] for name in BUILT_IN} == BUILT_IN


def test_a_replay(api: Api) -> None:
    first, again = (api.call("POST", PATH, body=BODY, headers={"idempotency-key": "k"}) for _ in range(2))
    assert (again["json"], again["headers"]["Idempotent-Replayed"]) == (first["json"], "true")
    assert len(api.call("GET", PATH)["json"]["data"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": ""}, "/name", "too_short"),
        ({"codecs": ["av1"], "hdr": "sdr"}, "/codecs", "missing"),
        ({"codecs": []}, "/codecs", "too_short"),
        ({"codecs": ["h264", "av1", "h264"]}, "/codecs", "duplicate"),
        ({"codecs": ["h264", "vp9"]}, "/codecs/1", "not_allowed"),
        ({"codecs": ["h264"]}, "/hdr", "not_allowed"),
        ({"rungs": []}, "/rungs", "too_short"),
        ({"rungs": [{"short_side": 144 + 2 * n, "max_bitrate": 100} for n in range(9)]}, "/rungs", "too_long"),
        ({"rungs": [{"short_side": 720, "max_bitrate": 100}] * 2}, "/rungs/1/short_side", "duplicate"),
        ({"rungs": [{"short_side": 721, "max_bitrate": 100}]}, "/rungs/0/short_side", "invalid"),
        ({"rungs": [{"short_side": 142, "max_bitrate": 100}]}, "/rungs/0/short_side", "out_of_range"),
        ({"rungs": [{"short_side": 2162, "max_bitrate": 100}]}, "/rungs/0/short_side", "out_of_range"),
        ({"rungs": [{"short_side": 720, "max_bitrate": 49}]}, "/rungs/0/max_bitrate", "out_of_range"),
        ({"rungs": [{"short_side": 720}]}, "/rungs/0/max_bitrate", "missing"),
        ({"max_height": 300}, "/max_height", "out_of_range"),  # below every rung
        ({"max_height": 720.0}, "/max_height", "wrong_type"),
        ({"max_bitrate": 100_001}, "/max_bitrate", "out_of_range"),
        ({"max_fps": 0.5}, "/max_fps", "out_of_range"),
        ({"max_fps": 60.01}, "/max_fps", "out_of_range"),
        ({"gop_s": 0.99}, "/gop_s", "out_of_range"),
        ({"gop_s": 5.01}, "/gop_s", "out_of_range"),
        ({"gop_s": True}, "/gop_s", "wrong_type"),
        ({"segment_s": 1}, "/segment_s", "out_of_range"),
        ({"segment_s": 10.5}, "/segment_s", "out_of_range"),
        ({"segment_s": 4.5}, "/segment_s", "out_of_range"),  # of GOPs of 1 s
        ({"audio": {"bitrate": 31}}, "/audio/bitrate", "out_of_range"),
        ({"audio": {"surround": "maybe"}}, "/audio/surround", "not_allowed"),
        ({"audio": {"codec": "opus"}}, "/audio/codec", "unknown_field"),
        ({"audio": None}, "/audio", "wrong_type"),
        ({"hdr": "drop"}, "/hdr", "not_allowed"),
        ({"passthrough": "always"}, "/passthrough", "not_allowed"),
        ({"quality": "best"}, "/quality", "not_allowed"),
        ({"bitrate": 1}, "/bitrate", "unknown_field"),
    ],
)
def test_bad_fields_are_refused_when_made_and_when_changed(
    api: Api, change: dict[str, Any], pointer: str, code: str
) -> None:
    path = created(api)
    for answer in (create(api, **change), api.change(path, **change)):
        assert answer["statusCode"] == 422
        assert [(field["pointer"], field["code"]) for field in answer["json"]["errors"]] == [(pointer, code)]
    assert api.call("GET", path)["json"]["version"] == 1


@pytest.mark.parametrize(("gop_s", "segment_s"), [(1.2, 6), (1.001, 5.005), (2.002, 6.006), (5, 10), (3, 3), (1, 2)])
def test_segments_of_whole_gops_are_taken(api: Api, gop_s: float, segment_s: float) -> None:
    assert create(api, gop_s=gop_s, segment_s=segment_s)["statusCode"] == 201


def test_a_change_keeps_what_it_does_not_name_and_the_version_before(api: Api) -> None:
    path = created(api)
    before = api.call("GET", path)["json"]
    api.now.tick(seconds=1)
    answer = api.change(path, '"1"', max_bitrate=None, rungs=None, audio={"bitrate": 96})
    assert (answer["statusCode"], answer["headers"]["ETag"]) == (200, '"2"')
    changed = {"max_bitrate": None, "rungs": None, "audio": before["audio"] | {"bitrate": 96}}
    assert answer["json"] == before | changed | {"version": 2, "created_at": "2026-12-01T10:00:01.000Z"}
    assert api.call("GET", path)["json"] == answer["json"]
    assert api.call("GET", path, query={"version": "1"})["json"] == before
    assert api.call("GET", path, query={"version": "3"})["json"]["code"] == "encoding_profile_not_found"
    assert api.call("GET", path, query={"version": "0"})["statusCode"] == 422
    assert api.change(path, '"1"', name="Late")["json"]["code"] == "precondition_failed"
    assert api.change(path)["headers"]["ETag"] == '"2"'


def test_archived(api: Api) -> None:
    path = created(api)
    assert api.call("DELETE", path, headers={"if-match": '"9"'})["statusCode"] == 412
    assert [api.call("DELETE", path)["statusCode"] for _ in range(2)] == [204, 204]
    assert api.call("GET", path)["json"]["archived"] is True
    assert api.call("GET", PATH)["json"]["data"] == []
    refused = api.change(path, name="x")
    assert (refused["statusCode"], refused["json"]["code"]) == (409, "encoding_profile_archived")


def test_pages(api: Api) -> None:
    made = [create(api)["json"]["encoding_profile_id"] for _ in range(3)]
    first = api.call("GET", PATH, query={"limit": "2"})["json"]
    rest = api.call("GET", PATH, query={"limit": "2", "cursor": first["next_cursor"]})["json"]
    assert [item["encoding_profile_id"] for item in first["data"] + rest["data"]] == made[::-1]


def test_strangers_and_other_scopes(api: Api) -> None:
    path = created(api)
    for method, place in (("POST", PATH), ("GET", PATH), ("GET", path), ("PATCH", path), ("DELETE", path)):
        body = BODY if method in ("POST", "PATCH") else None
        assert api.call(method, place, scopes=("uploads:write",), body=body)["json"]["code"] == "missing_scope"
        if place == path:
            stranger = api.call(method, place, tenant="ten_01jdyyyyyyyyyyyyyyyyyyyyyy", body=body)
            assert (stranger["statusCode"], stranger["json"]["code"]) == (404, "encoding_profile_not_found")


def test_a_policy_names_a_profile_that_exists(api: Api) -> None:
    profile_id = create(api)["json"]["encoding_profile_id"]
    policy = api.create(encoding_profile_id=profile_id)["json"]
    assert policy["encoding_profile_id"] == profile_id
    path = f"/v1/intake-policies/{policy['intake_policy_id']}"
    for unknown in ("enc_x", "enc_01jdyyyyyyyyyyyyyyyyyyyyyy"):
        assert api.create(encoding_profile_id=unknown)["json"]["code"] == "encoding_profile_not_found"
        assert api.change(path, encoding_profile_id=unknown)["json"]["code"] == "encoding_profile_not_found"
    api.call("DELETE", f"{PATH}/{profile_id}")
    assert api.create(encoding_profile_id=profile_id)["json"]["code"] == "encoding_profile_archived"
    assert api.change(path, name="Renamed")["statusCode"] == 200  # what it had stays
    assert api.change(path, encoding_profile_id=None)["json"]["encoding_profile_id"] is None
