"""What Uppy 6 sends to the S3-speaking routes and reads from them."""

from base64 import b64encode
from typing import Any
from xml.etree import ElementTree

import pytest

from functions.api_uploads import s3_routes
from sluice.domain.errors import SluiceError, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.parts import MIB
from sluice.domain.states import UploadState
from sluice.domain.upload import Upload
from sluice.http import api, needs
from tests.fakes.gateway import LambdaContext, request
from tests.unit.world import World

SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def parsed(body: str) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314  # our own answer


class S3Client:
    """Calls the routes as the gateway would, with fakes behind them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        self.app = api()
        s3_routes.add_to(self.app, lambda: self.world.ports, security=needs("uploads:write"))
        monkeypatch.setattr(s3_routes.time, "sleep", self.meanwhile)
        self.joins = True

    def meanwhile(self, _: float) -> None:
        """What queue and S3 event do while a completion waits."""
        for tenant_id, upload_id in self.world.queue.sent if self.joins else ():
            upload = self.world.records.upload(tenant_id, upload_id)
            assert upload is not None
            self.world.run_completion(upload)
            self.world.accept(upload)

    def __call__(self, method: str, upload_id: str, query: dict[str, str], **more: Any) -> tuple[int, str, Any]:
        scopes = more.pop("scopes", ["uploads:write"])
        tenant = self.world.caller.tenant_id
        event = request(method, f"/v1/uploads/{upload_id}/s3", query=query, scopes=scopes, tenant=tenant, **more)
        answer = self.app.resolve(event, LambdaContext())  # type: ignore[arg-type]
        self.headers = answer["headers"]
        return answer["statusCode"], answer["headers"].get("Content-Type", ""), answer["body"]

    def create(self) -> Upload:
        return self.world.create(20 * MIB)[0]

    def error(self, *call: Any, **more: Any) -> tuple[int, str]:
        status, content_type, body = self(*call, **more)
        assert content_type == "application/xml"
        return status, parsed(body).findtext("Code") or ""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> S3Client:
    return S3Client(monkeypatch)


def test_create_answers_the_reserved_upload(s3: S3Client) -> None:
    upload = s3.create()
    rows = dict(s3.world.records.rows)
    for _ in range(2):  # Uppy repeats it after a lost answer
        status, content_type, body = s3("POST", upload.id, {"uploads": ""}, headers={"Content-Type": "video/mp4"})
        assert (status, content_type) == (200, "application/xml")
        assert parsed(body).findtext(f"{SPACE}UploadId") == upload.id
    assert s3.world.records.rows == rows


def test_list_names_every_stored_part(s3: S3Client) -> None:
    upload = s3.create()
    s3.world.put_parts(upload)
    _, _, body = s3("GET", upload.id, {"uploadId": upload.id})
    parts = [(part.findtext(f"{SPACE}PartNumber"), part.findtext(f"{SPACE}Size")) for part in found(body, "Part")]
    assert parts == [("1", str(8 * MIB)), ("2", str(8 * MIB)), ("3", str(4 * MIB))]
    stored = s3.world.objects.parts(upload.key, upload.multipart_id)
    assert [part.findtext(f"{SPACE}ETag") for part in found(body, "Part")] == [part.etag for part in stored]


def found(body: str, name: str) -> list[ElementTree.Element]:
    return parsed(body).findall(f"{SPACE}{name}")


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;">]><CompleteMultipartUpload>&c;'
LIES = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"


@pytest.mark.parametrize("sent", [LIES, BOMB, "", "{"])
@pytest.mark.parametrize("content_type", ["application/xml", "text/plain"])
def test_completion_goes_by_what_is_stored_not_by_what_is_sent(s3: S3Client, sent: str, content_type: str) -> None:
    upload = s3.create()
    s3.world.put_parts(upload)
    headers = {"Content-Type": content_type}
    for _ in range(2):
        status, _, body = s3("POST", upload.id, {"uploadId": upload.id}, raw_body=sent, headers=headers)
        document = parsed(body)
        assert (status, document.findtext(f"{SPACE}Location")) == (200, f"/v1/assets/{upload.asset_id}")
        assert document.findtext(f"{SPACE}Key")
    assert s3.world.upload(upload).state is UploadState.COMPLETE


def test_a_body_that_is_no_text_is_no_matter(s3: S3Client) -> None:
    upload = s3.create()
    s3.world.put_parts(upload)
    event = request(
        "POST",
        f"/v1/uploads/{upload.id}/s3",
        query={"uploadId": upload.id},
        raw_body=b64encode(b"\xff\xfe").decode(),
        scopes=["uploads:write"],
        tenant=upload.tenant_id,
    )
    assert s3.app.resolve(event | {"isBase64Encoded": True}, LambdaContext())["statusCode"] == 200  # type: ignore[arg-type]


def test_a_slow_completion_is_asked_for_again(s3: S3Client) -> None:
    upload = s3.create()
    s3.world.put_parts(upload)
    s3.joins = False
    assert s3.error("POST", upload.id, {"uploadId": upload.id}) == (503, "SlowDown")
    assert s3.headers["Retry-After"] == "2"
    s3.joins = True
    assert s3("POST", upload.id, {"uploadId": upload.id})[0] == 200


def test_a_missing_part_is_said_and_not_asked_for_again(s3: S3Client) -> None:
    upload = s3.create()
    assert s3.error("POST", upload.id, {"uploadId": upload.id}) == (409, "InvalidPart")


def test_a_failed_upload_is_not_complete(s3: S3Client) -> None:
    upload = s3.create()
    s3.world.put_parts(upload)
    s3.world.request_completion(upload)
    s3.world.objects.abort_multipart(upload.key, upload.multipart_id)
    assert s3.error("POST", upload.id, {"uploadId": upload.id}) == (409, "NoSuchUpload")


def test_abort_gives_the_upload_up(s3: S3Client) -> None:
    upload = s3.create()
    for _ in range(2):
        assert s3("DELETE", upload.id, {"uploadId": upload.id})[0] == 204
    assert s3.world.upload(upload).state is UploadState.ABORTED
    assert s3.error("POST", upload.id, {"uploads": ""}) == (409, "NoSuchUpload")
    assert s3.error("GET", upload.id, {"uploadId": upload.id}) == (409, "NoSuchUpload")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_query_must_name_the_upload_of_the_path(s3: S3Client, method: str) -> None:
    upload, other = s3.create(), s3.create()
    assert s3.error(method, upload.id, {"uploadId": other.id}) == (404, "NoSuchUpload")
    unknown = s3.world.new_id(Prefix.UPLOAD)
    assert s3.error(method, unknown, {"uploadId": unknown}) == (404, "NoSuchUpload")


@pytest.mark.parametrize("query", [{}, {"uploads": "", "uploadId": "x"}, {"uploads": "", "acl": ""}])
def test_a_post_says_what_it_wants(s3: S3Client, query: dict[str, str]) -> None:
    assert s3.error("POST", s3.create().id, query) == (422, "InvalidRequest")


def test_who_may_not_is_told_in_xml_too(s3: S3Client) -> None:
    upload = s3.create()
    assert s3.error("GET", upload.id, {"uploadId": upload.id}, scopes=[]) == (403, "AccessDenied")
    assert s3.error("GET", upload.id, {"uploadId": upload.id}, authorizer={"auth_error": "expired_key"}) == (
        401,
        "AccessDenied",
    )


@pytest.mark.parametrize(
    ("raised", "expected"), [(WriteConflict(), (503, "SlowDown")), (SluiceError("a<b&c"), (500, "InternalError"))]
)
def test_what_may_be_repeated_is_503(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: tuple[int, str]
) -> None:
    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr(s3_routes, "open_upload", fails)
    assert s3.error("POST", s3.create().id, {"uploads": ""}) == expected
