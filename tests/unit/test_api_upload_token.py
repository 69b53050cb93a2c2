"""A browser with an upload token: what its own upload answers, and that nothing else does."""

import json
from typing import Any

import pytest

from functions.api_assets import handler as assets
from functions.api_uploads import handler, part_routes
from sluice.domain.parts import MIB
from tests.fakes.gateway import LambdaContext, request
from tests.unit.world import World


class Browser:
    """Calls with the authorizer's finding for an upload token."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        monkeypatch.setattr(handler, "deps", lambda: self.world.ports)
        monkeypatch.setattr(part_routes.time, "sleep", lambda _: None)
        self.upload, _ = self.world.create(20 * MIB)

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        found = {"tenant": self.upload.tenant_id, "upload_id": self.upload.id}
        event = request(method, path, body=body, authorizer=found, **more)
        answer = handler.lambda_handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(monkeypatch)


def test_it_sends_its_upload(browser: Browser) -> None:
    path = f"/v1/uploads/{browser.upload.id}"
    assert browser("GET", path)[0] == 200
    status, signed = browser("POST", f"{path}/parts", {"part_numbers": [1, 2, 3]})
    assert (status, len(signed["data"])) == (200, 3)
    browser.world.put_parts(browser.upload)
    assert len(browser("GET", f"{path}/parts")[1]["data"]) == 3
    status, view = browser("POST", f"{path}/complete")
    assert (status, view["state"]) == (202, "completing")


def test_it_gives_its_upload_up(browser: Browser) -> None:
    assert browser("DELETE", f"/v1/uploads/{browser.upload.id}")[0] == 204


def test_it_cannot_make_uploads_or_tokens(browser: Browser) -> None:
    for path, body in (("/v1/uploads", {"size_bytes": 1}), (f"/v1/uploads/{browser.upload.id}/token", {})):
        status, problem = browser("POST", path, body)
        assert (status, problem["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [("GET", "", None), ("DELETE", "", None), ("POST", "/parts", {"part_numbers": [1]}), ("POST", "/complete", None)],
)
def test_another_upload_is_unknown_to_it(browser: Browser, method: str, action: str, body: Any) -> None:
    other, _ = browser.world.create()
    status, problem = browser(method, f"/v1/uploads/{other.id}{action}", body)
    assert (status, problem["code"]) == (404, "upload_not_found")


def test_other_resources_are_closed_to_it(browser: Browser) -> None:
    found = {"tenant": browser.upload.tenant_id, "upload_id": browser.upload.id}
    answer = assets.lambda_handler(request("GET", "/v1/assets", authorizer=found), LambdaContext())
    assert answer["statusCode"] == 403


def test_a_checksum_can_come_with_the_completion(browser: Browser) -> None:
    browser.world.put_parts(browser.upload)
    checksum = {"algorithm": "crc64nvme", "value": "AAAAAAAAAAA="}
    assert browser("POST", f"/v1/uploads/{browser.upload.id}/complete", {"checksum": checksum})[0] == 202
    browser.world.run_completion(browser.upload)
    status, view = browser("GET", f"/v1/uploads/{browser.upload.id}")
    assert (view["state"], view["error"]["code"]) == ("open", "upload_checksum_mismatch")


@pytest.mark.parametrize(
    ("checksum", "code"),
    [
        ({"algorithm": "crc32c", "value": "AAAAAA=="}, "not_allowed"),
        ({"algorithm": "sha256", "value": "AAAAAA=="}, "not_allowed"),
        ({"algorithm": "crc64nvme", "value": "?"}, "bad_format"),
        ({"algorithm": "crc64nvme", "value": "AAAAAA=="}, "invalid"),
    ],
)
def test_a_bad_checksum_is_named(browser: Browser, checksum: dict[str, str], code: str) -> None:
    status, problem = browser("POST", f"/v1/uploads/{browser.upload.id}/complete", {"checksum": checksum})
    assert (status, [error["code"] for error in problem["errors"]]) == (422, [code])


def test_a_wrong_checksum_can_be_corrected(browser: Browser) -> None:
    browser.world.put_parts(browser.upload)
    path = f"/v1/uploads/{browser.upload.id}/complete"
    browser("POST", path, {"checksum": {"algorithm": "crc64nvme", "value": "AAAAAAAAAAA="}})
    browser.world.run_completion(browser.upload)
    right = browser.world.objects.whole_checksum(browser.upload.multipart_id).model_dump()
    assert browser("POST", path, {"checksum": right})[0] == 202
    browser.world.run_completion(browser.upload)
    browser.world.accept(browser.upload)
    assert browser("GET", f"/v1/uploads/{browser.upload.id}")[1]["state"] == "complete"


def test_the_checksum_of_the_slot_cannot_be_replaced(browser: Browser) -> None:
    browser.world.put_parts(browser.upload)
    declared = browser.world.objects.whole_checksum(browser.upload.multipart_id)
    browser.upload, _ = browser.world.create(20 * MIB, checksum=declared)
    other = {"algorithm": "crc64nvme", "value": "AAAAAAAAAAA="}
    status, problem = browser("POST", f"/v1/uploads/{browser.upload.id}/complete", {"checksum": other})
    assert (status, problem["code"]) == (409, "upload_checksum_mismatch")


def test_a_malformed_part_checksum_is_named(browser: Browser) -> None:
    body = {"part_numbers": [1, 2], "checksums": {"2": "AAAAAA=="}}
    status, problem = browser("POST", f"/v1/uploads/{browser.upload.id}/parts", body)
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, ["/checksums/2"])
