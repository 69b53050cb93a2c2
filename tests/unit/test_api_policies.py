"""The intake policy routes as a client sees them."""

import json
from typing import Any

import pytest

from functions.api_policies import handler
from sluice import bootstrap
from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.domain.models import Tenant
from sluice.service.ports import Create
from tests.fakes.gateway import TENANT, LambdaContext, request
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock, FakeIds

PATH = "/v1/intake-policies"
SCHEMA = {"type": "object", "properties": {"course": {"pattern": "^[A-Z]{2}[0-9]{3}$"}}, "required": ["course"]}
BODY = {
    "name": "Lectures",
    "max_bytes": 5_000_000_000,
    "max_duration_s": 7_200,
    "allowed_types": ["video/*"],
    "allowed_origins": ["https://app.example.com"],
    "upload_ttl_s": 3_600,
    "metadata_schema": SCHEMA,
    "playback_policy": "signed",
    "review": "required",
    "on_interrupt": "abort",
    "encoding_profile_id": None,
    "quotas": {"max_open_uploads": 100, "max_open_bytes_per_creator": 10**10},
}
NOTHING_ASKED = {
    "max_bytes": None,
    "max_duration_s": None,
    "allowed_types": [],
    "allowed_origins": [],
    "upload_ttl_s": None,
    "metadata_schema": None,
    "playback_policy": "signed",
    "review": "none",
    "on_interrupt": "keep",
    "encoding_profile_id": None,
}
NO_QUOTAS = {
    "max_open_uploads": None,
    "max_open_bytes": None,
    "max_open_uploads_per_creator": None,
    "max_open_bytes_per_creator": None,
}


class Api:
    def __init__(self) -> None:
        self.now, self.records = FakeClock(), FakeRecords()
        self.records.commit(Create(Tenant(id=TENANT, name="Ada", created_at=self.now())))
        self.deps = bootstrap.ApiPolicies(
            environment="dev",
            records=self.records,
            now=self.now,
            new_id=FakeIds(),
            schemas=JsonMetadataSchemas(),
            cursor_key=lambda: b"cursor key of the test",
        )

    def call(self, method: str, path: str, scopes: tuple[str, ...] = ("assets:write",), **more: Any) -> Any:
        answer = handler.lambda_handler(request(method, path, scopes=scopes, **more), LambdaContext())
        answer["json"] = json.loads(answer["body"]) if answer.get("body") else None
        return answer

    def create(self, key: str | None = None, **changes: Any) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return self.call("POST", PATH, body={**BODY, **changes}, headers=headers)

    def created(self) -> str:
        return f"{PATH}/{self.create()['json']['intake_policy_id']}"

    def change(self, path: str, if_match: str | None = None, **fields: Any) -> Any:
        headers = {} if if_match is None else {"if-match": if_match}
        return self.call("PATCH", path, body=fields, headers=headers)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr(handler, "deps", lambda: made.deps)
    return made


def test_every_field_comes_back(api: Api) -> None:
    answer = api.create()
    assert (answer["statusCode"], answer["headers"]["ETag"]) == (201, '"1"')
    moment = "2026-12-01T10:00:00.000Z"
    assert answer["json"] == {
        **BODY,
        "intake_policy_id": answer["json"]["intake_policy_id"],
        "quotas": {**NO_QUOTAS, "max_open_uploads": 100, "max_open_bytes_per_creator": 10**10},
        "created_at": moment,
        "updated_at": moment,
    }
    found = api.call("GET", f"{PATH}/{answer['json']['intake_policy_id']}")
    assert (found["json"], found["headers"]["ETag"]) == (answer["json"], '"1"')


def test_everything_but_the_name_has_a_default(api: Api) -> None:
    made = api.call("POST", PATH, body={"name": "Anything"})["json"]
    assert {name: made[name] for name in NOTHING_ASKED} == NOTHING_ASKED
    assert made["quotas"] == NO_QUOTAS


def test_a_replay(api: Api) -> None:
    first, again = api.create(key="k1"), api.create(key="k1")
    assert (again["statusCode"], again["json"]) == (201, first["json"])
    assert again["headers"]["Idempotent-Replayed"] == "true"
    assert len(api.records.intake_policies(TENANT)) == 1
    assert api.create(key="k1", name="Another")["json"]["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": ""}, "/name", "too_short"),
        ({"name": "x" * 201}, "/name", "too_long"),
        ({"max_bytes": 0}, "/max_bytes", "out_of_range"),
        ({"max_bytes": 1.5}, "/max_bytes", "wrong_type"),
        ({"max_bytes": "5"}, "/max_bytes", "wrong_type"),
        ({"max_bytes": True}, "/max_bytes", "wrong_type"),
        ({"max_duration_s": 0}, "/max_duration_s", "out_of_range"),
        ({"max_duration_s": 43_201}, "/max_duration_s", "out_of_range"),
        ({"max_duration_s": 1e-300}, "/max_duration_s", "out_of_range"),  # no row could hold it
        ({"allowed_types": ["mp4"]}, "/allowed_types/0", "bad_format"),
        ({"allowed_types": ["video/*"] * 51}, "/allowed_types", "too_long"),
        ({"allowed_types": None}, "/allowed_types", "wrong_type"),
        ({"allowed_origins": ["https://a.example/page"]}, "/allowed_origins/0", "bad_format"),
        ({"upload_ttl_s": 59}, "/upload_ttl_s", "out_of_range"),
        ({"upload_ttl_s": 604_801}, "/upload_ttl_s", "out_of_range"),
        ({"playback_policy": "public"}, "/playback_policy", "not_allowed"),
        ({"review": "maybe"}, "/review", "not_allowed"),
        ({"on_interrupt": "wait"}, "/on_interrupt", "not_allowed"),
        ({"quotas": {"max_open_uploads": 0}}, "/quotas/max_open_uploads", "out_of_range"),
        ({"quotas": {"max_open": 1}}, "/quotas/max_open", "unknown_field"),
        ({"quotas": None}, "/quotas", "wrong_type"),
        ({"maximum_bytes": 1}, "/maximum_bytes", "unknown_field"),
        ({"metadata_schema": "{}"}, "/metadata_schema", "wrong_type"),
        ({"metadata_schema": {"requried": []}}, "/metadata_schema/requried", "invalid"),
        ({"metadata_schema": {"const": "x" * 8_200}}, "/metadata_schema", "invalid"),
        ({"metadata_schema": {"const": json.loads("[" * 40 + "]" * 40)}}, "/metadata_schema", "invalid"),
    ],
)
def test_bad_fields_are_refused_when_made_and_when_changed(
    api: Api, change: dict[str, Any], pointer: str, code: str
) -> None:
    path = api.created()
    for answer in (api.create(**change), api.change(path, **change)):
        assert answer["statusCode"] == 422
        assert [(field["pointer"], field["code"]) for field in answer["json"]["errors"]] == [(pointer, code)]
    assert api.call("GET", path)["headers"]["ETag"] == '"1"'


@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, "1e999", '"\\ud800"'])
def test_odd_json_in_a_schema_is_the_callers_mistake_or_kept(api: Api, text: str) -> None:
    body = '{"name": "odd", "metadata_schema": {"const": ' + text + "}}"
    answer = api.call("POST", PATH, raw_body=body)
    assert answer["statusCode"] in (201, 422)
    assert api.call("GET", PATH)["statusCode"] == 200


def test_a_number_that_no_answer_could_show_is_refused(api: Api) -> None:
    answer = api.call("POST", PATH, raw_body='{"name": "odd", "metadata_schema": {"const": 1e999}}')
    assert (answer["statusCode"], answer["json"]["code"]) == (422, "invalid_metadata_schema")


def test_a_change_keeps_what_it_does_not_name(api: Api) -> None:
    path = api.created()
    before = api.call("GET", path)["json"]
    api.now.tick(seconds=1)
    answer = api.change(path, max_bytes=None, quotas={"max_open_uploads": 5})
    assert (answer["statusCode"], answer["headers"]["ETag"]) == (200, '"2"')
    expected = before | {"max_bytes": None, "quotas": before["quotas"] | {"max_open_uploads": 5}}
    assert answer["json"] == expected | {"updated_at": "2026-12-01T10:00:01.000Z"}
    assert api.call("GET", path)["json"] == answer["json"]
    assert api.change(path)["headers"]["ETag"] == '"2"'
    assert api.change(path, metadata_schema=None)["json"]["metadata_schema"] is None
    assert api.change(path, name="New")["json"]["name"] == "New"


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"2"', 200),
        ('"1", "2"', 200),
        ("*", 200),
        ('"1"', 412),
        ('W/"2"', 412),
        ("2", 412),
        ('"02"', 412),
        ('"two"', 412),
        ('"' + "9" * 30 + '"', 412),
    ],
)
def test_only_what_was_read_may_be_changed(api: Api, if_match: str, status: int) -> None:
    path = api.created()
    api.change(path, name="Changed meanwhile")
    answer = api.change(path, if_match, name="Mine")
    assert answer["statusCode"] == status
    if status == 412:
        assert answer["json"]["code"] == "precondition_failed"
        assert api.call("DELETE", path, headers={"if-match": if_match})["statusCode"] == 412
        assert api.call("GET", path)["json"]["name"] == "Changed meanwhile"
    else:
        assert api.call("DELETE", path, headers={"if-match": '"3"'})["statusCode"] == 204


def test_pages(api: Api) -> None:
    made = [api.create()["json"]["intake_policy_id"] for _ in range(3)]
    first = api.call("GET", PATH, query={"limit": "2"})["json"]
    rest = api.call("GET", PATH, query={"limit": "2", "cursor": first["next_cursor"]})["json"]
    assert [item["intake_policy_id"] for item in first["data"] + rest["data"]] == made[::-1]
    assert rest["next_cursor"] is None
    forged = api.call("GET", PATH, query={"cursor": "AAAA"})
    assert (forged["statusCode"], forged["json"]["code"]) == (400, "invalid_cursor")


def test_deleted(api: Api) -> None:
    path = api.created()
    assert api.call("DELETE", path)["statusCode"] == 204
    for answer in (api.call("GET", path), api.call("DELETE", path), api.change(path, name="x")):
        assert (answer["statusCode"], answer["json"]["code"]) == (404, "intake_policy_not_found")


def test_another_tenant_sees_nothing(api: Api) -> None:
    path, stranger = api.created(), "ten_01jdyyyyyyyyyyyyyyyyyyyyyy"
    for method in ("GET", "DELETE", "PATCH"):
        body = {"name": "Mine"} if method == "PATCH" else None
        assert api.call(method, path, tenant=stranger, body=body)["statusCode"] == 404
    assert api.call("GET", PATH, tenant=stranger)["json"]["data"] == []
    assert api.call("GET", path)["json"]["name"] == "Lectures"


@pytest.mark.parametrize("scope", ["uploads:write", "assets:read", "assets:publish"])
def test_who_only_uploads_cannot_change_what_uploads_are_held_to(api: Api, scope: str) -> None:
    path = api.created()
    for method, place in (("POST", PATH), ("GET", PATH), ("GET", path), ("PATCH", path), ("DELETE", path)):
        answer = api.call(method, place, scopes=(scope,), body=BODY if method in ("POST", "PATCH") else None)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "missing_scope"), method
