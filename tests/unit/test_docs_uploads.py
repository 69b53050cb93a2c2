"""The uploads page: every row of what is refused is called over HTTP, and its figures are the code's."""

import re
from datetime import timedelta

import pytest

from sluice.config import ApiUploadsSettings
from sluice.domain import parts
from sluice.domain.states import AssetState
from sluice.domain.upload_tokens import DEFAULT_TTL_S
from sluice.domain.upload_tokens import MIN_TTL_S as MIN_TOKEN_TTL_S
from sluice.service import intake_checks
from sluice.service.upload_access import UploadLimits
from sluice.service.uploads import COMPLETION_WAIT_S, idle_limit
from tests.contract.samples import MOMENT
from tests.documents import REPOSITORY, code, rows
from tests.unit.upload_refusals import SCENARIOS
from tests.unit.upload_service import Call, Service

PAGE = REPOSITORY / "docs" / "uploads.md"
LISTED = {row[0]: row[1:] for row in rows(PAGE, "What is refused") if len(row) == 3}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    return Service(monkeypatch)


def test_every_row_is_called() -> None:
    assert LISTED.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_row_says_what_is_answered(service: Service, text: str) -> None:
    answer, state = LISTED[text]
    calls = SCENARIOS[text](service)
    objects, multiparts = dict(service.world.objects.objects), set(service.world.objects.open)
    paths = set()
    for call in calls:
        status, body = service(call)
        refused = status >= 400
        assert answer == (f"{status} `{body['code']}`" if refused else str(status)), call
        paths |= set(re.findall(r"/v1/uploads/upl_\w+", call.path))
    assert (service.world.objects.objects, set(service.world.objects.open)) == (objects, multiparts)
    assert {f"`{service(Call('GET', path))[1]['state']}`" for path in paths} == ({state} - {""})


def test_figures_of_the_text_are_the_code_s() -> None:
    text = " ".join(PAGE.read_text().split())
    settings = {name: field.default for name, field in ApiUploadsSettings.model_fields.items()}
    assert (settings["upload_ttl_s"], settings["part_url_ttl_s"]) == (24 * 3600, 15 * 60)
    assert (settings["max_transcode_bytes"], parts.MAX_OBJECT_BYTES) == (100 * 10**9, round(48.828125 * 2**40))
    assert (intake_checks.MIN_TTL_S, intake_checks.MAX_TTL_S) == (60, 7 * 86_400)
    assert (MIN_TOKEN_TTL_S, DEFAULT_TTL_S) == (60, 3600)
    assert COMPLETION_WAIT_S == 3
    limits = UploadLimits(
        upload_ttl_s=0, part_url_ttl_s=settings["part_url_ttl_s"], max_transcode_bytes=0, max_open_fetches=0
    )
    assert idle_limit(MOMENT, limits) - MOMENT == timedelta(minutes=17)
    for words in (
        "lives 24 hours, or `upload_ttl_s` (60 s to 7 days)",
        "A part URL** lives 15 minutes",
        "Up to 100 GB; up to S3's own 48.8 TiB",
        "It holds for 1 hour (`token_ttl_s`: 60 s to 7 days",
        "takes longer than 3 s",
        "no part was signed in 17 minutes",
        f"are {parts.MIN_PART_SIZE // parts.MIB} MiB, larger only where {parts.MAX_PARTS:,} of them",
    ):
        assert words in text, words


def test_a_file_that_is_only_stored_stays_uploaded(service: Service) -> None:
    slot, _ = service.joined(transcode="none")
    asset = service.world.asset_of(service.stored(slot["upload_id"]))
    assert (asset.state, service.world.executions.names) == (AssetState.UPLOADED, [])


def test_the_browser_s_example_is_short() -> None:
    assert len(code(PAGE, "In a browser", "javascript").splitlines()) <= 60
