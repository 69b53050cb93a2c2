"""Rows between releases: one that uses nothing new reads the same in the release before, and the other way round."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from sluice.adapters.items import from_item, to_item
from sluice.domain.models import Model
from sluice.domain.upload import UploadSource
from tests.contract.samples import (
    make_asset,
    make_delivery,
    make_health,
    make_job,
    make_replay,
    make_thumbnail,
    make_upload,
    make_webhook,
)

read = TypeDeserializer().deserialize
MAKERS = [make_asset, make_delivery, make_health, make_job, make_replay, make_thumbnail, make_upload, make_webhook]


def body(record: Model) -> dict[str, Any]:
    return dict(read(to_item(record)["record"]))


@pytest.mark.parametrize("make", MAKERS)
def test_a_default_is_not_stored(make: Any) -> None:
    record = make()
    defaults = {
        name
        for name, field in type(record).model_fields.items()
        if not field.is_required() and getattr(record, name) == field.default
    }
    assert defaults
    assert body(record).keys() & defaults == set()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("version", [1, 7])
def test_it_reads_back_whole(make: Any, version: int) -> None:
    record = make(version=version)
    assert from_item(type(record), to_item(record)) == record


def test_what_is_new_is_stored_where_it_is_used() -> None:
    upload = make_upload(source=UploadSource(url="https://example.com/a"), creator_id="ann")
    assert body(upload)["source"] == {"url": "https://example.com/a"}
    assert body(upload)["creator_id"] == "ann"
