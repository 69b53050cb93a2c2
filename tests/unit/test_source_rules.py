"""What a transcode finds out about its source, against the rules that its upload was made under."""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.domain.errors import ErrorClass
from sluice.domain.intake import IntakeRules
from sluice.domain.media_types import UNKNOWN, types_of
from sluice.domain.states import AssetState
from sluice.domain.upload_errors import ContentTypeNotAllowed, UploadTooLong
from sluice.media import untrusted
from sluice.service.attempts import Ending
from sluice.service.failures import fail_transcode
from sluice.service.ports import Replace
from tests.fakes.transcoding import STREAMS
from tests.unit.transcoding import Bench

SOUND = {"streams": STREAMS["streams"][1:], "format": STREAMS["format"]}  # type: ignore[index]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def hold_to(bench: Bench, **rules: Any) -> None:
    upload = bench.world.records.upload(bench.tenant, bench.asset.upload_id)
    assert upload is not None
    changes = {"rules": IntakeRules(**rules), "version": upload.version + 1}
    bench.world.records.commit(Replace(upload.model_copy(update=changes)))


def in_container(name: str, streams: Any = STREAMS, **changes: str) -> dict[str, Any]:
    return {**streams, "format": {**streams["format"], "format_name": name, **changes}}


def test_a_source_longer_than_allowed_is_refused_before_it_is_encoded(bench: Bench) -> None:
    hold_to(bench, max_duration_s=11.4)
    with pytest.raises(UploadTooLong, match=r"12\.0 s; at most 11\.4 s"):
        bench.run()
    assert [Path(task.argv[0]).name for task in bench.tools.tasks] == ["ffprobe", "ffprobe"]
    error = bench.result().error
    assert error is not None
    assert (error.code, error.error_class, error.retryable) == ("upload_too_long", ErrorClass.INPUT, False)
    world = bench.world
    fail_transcode(
        tenant_id=bench.tenant,
        job_id=bench.job_id,
        error=error,
        environment="dev",
        records=world.records,
        new_id=world.new_id,
        now=world.now,
    )
    failed = world.records.asset(bench.tenant, bench.asset.id)
    assert failed is not None and failed.error is not None
    assert (failed.state, failed.error.code) == (AssetState.FAILED, "upload_too_long")


@pytest.mark.parametrize("longest", [11.5, 12, 60.0])
def test_rounding_is_forgiven(bench: Bench, longest: float) -> None:
    hold_to(bench, max_duration_s=longest)
    assert bench.run() is Ending.PUBLISHED


@pytest.mark.parametrize(
    "source",
    [
        in_container("mov", duration="5.0"),  # says less than it plays
        in_container("mpegts", duration="5.0"),  # an estimate
        {"streams": STREAMS["streams"], "format": {"format_name": "matroska"}},  # type: ignore[index]
    ],
    ids=["lying", "estimated", "silent"],
)
def test_a_length_that_the_header_does_not_tell_is_found_by_playing(bench: Bench, source: dict[str, Any]) -> None:
    bench.tools.streams = json.loads(json.dumps(source).replace('"duration": "12.0"', '"duration": "5.0"'))
    hold_to(bench, max_duration_s=8)
    with pytest.raises(UploadTooLong):
        bench.run()
    assert bench.media.objects == {}, "nothing was published"


@pytest.mark.parametrize(
    ("source", "allowed", "taken"),
    [
        (STREAMS, ["video/mp4"], True),
        (STREAMS, ["video/quicktime"], True),  # the same family of containers
        (STREAMS, ["audio/mp4"], False),
        (in_container("matroska,webm"), ["video/mp4"], False),
        (in_container("matroska,webm"), ["video/mp4", "video/webm"], True),
        (in_container("matroska,webm"), ["video/*"], True),
        (in_container("matroska,webm"), ["audio/*"], False),
        (in_container("matroska,webm"), ["application/octet-stream"], True),
        (in_container("matroska,webm"), [], True),
        (in_container("mov", SOUND), ["video/*"], False),
        (in_container("mov", SOUND), ["audio/*"], True),
        (in_container("mov", SOUND), ["audio/x-m4a"], True),
        (in_container("mp3", SOUND), ["audio/mpeg"], True),
        (in_container("mp3", SOUND), ["audio/aac"], False),
        (in_container("mpegts", SOUND), ["audio/*"], True),
        (in_container("something"), ["video/*"], False),
    ],
)
def test_a_file_is_what_it_is_whatever_it_was_called(
    bench: Bench, source: dict[str, Any], allowed: list[str], taken: bool
) -> None:
    bench.tools.streams = source
    hold_to(bench, allowed_types=tuple(allowed))
    if taken:
        assert bench.run() is Ending.PUBLISHED
        return
    with pytest.raises(ContentTypeNotAllowed):
        bench.run()
    error = bench.result().error
    assert error is not None
    assert (error.code, error.retryable) == ("content_type_not_allowed", False)
    assert bench.media.objects == {}


def test_the_answer_says_what_the_file_is(bench: Bench) -> None:
    bench.tools.streams = in_container("matroska,webm")
    hold_to(bench, allowed_types=("video/mp4",))
    with pytest.raises(ContentTypeNotAllowed, match="video/matroska"):
        bench.run()


def test_an_upload_without_rules_is_held_to_none(bench: Bench) -> None:
    bench.tools.streams = in_container("avi")
    assert bench.run() is Ending.PUBLISHED


def test_every_container_that_may_be_opened_has_types() -> None:
    names = set(untrusted.FORMATS.split(",")) - {"webm", "mpegps"}  # ffprobe says matroska,webm and mpeg
    for name in names | {"mpeg"}:
        known = {*types_of(name, picture=True), *types_of(name, picture=False)}
        assert len(known) > 1 and UNKNOWN in known, name
