"""What the client's models hold: what the API documents, typed to the last part."""

import dataclasses
import json
from typing import Any, get_args, get_type_hints

import pytest

import sluice_client
from sluice_client import Job, RenditionQuality, SluiceClient
from tests.client.views import job_view
from tests.documents import REPOSITORY

SCHEMAS: dict[str, Any] = json.loads((REPOSITORY / "openapi.json").read_text())["components"]["schemas"]


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        ("Upload", "UploadView"),
        ("SignedPart", "SignedPartView"),
        ("StoredPart", "StoredPartView"),
        ("Asset", "AssetView"),
        ("Job", "JobView"),
        ("JobProgress", "ProgressView"),
        ("JobQuality", "QualityView"),
        ("RenditionQuality", "RungQualityView"),
        ("ProfileRef", "ProfileView"),
        ("Failure", "FailureView"),
        ("PlaybackSession", "PlaybackSessionView"),
        ("Thumbnail", "ThumbnailView"),
    ],
)
def test_models_are_what_the_api_documents(model: str, schema: str) -> None:
    names = {field.name for field in dataclasses.fields(getattr(sluice_client, model))}
    assert {"class" if name == "kind" else name for name in names} == set(SCHEMAS[schema]["properties"])


def test_what_was_decided_per_title_is_typed(client: SluiceClient) -> None:
    decided = client.get_job("job_1").quality
    assert decided is not None and decided.sampled
    assert decided.renditions == (
        RenditionQuality("v720", crf=27, vmaf=93.5, kbps=1_840, kept=True),
        RenditionQuality("v360", crf=23, vmaf=None, kbps=None, kept=False),
    )
    assert Job.of(job_view("job_1") | {"quality": None}).quality is None


def test_whatever_public_signatures_name_can_be_imported() -> None:
    public = [getattr(sluice_client, name) for name in sluice_client.__all__]
    methods = [method for name, method in vars(SluiceClient).items() if callable(method) and not name.startswith("_")]
    hints = [hint for one in (*public, *methods) for hint in get_type_hints(one).values()]
    ours = {part.__name__ for hint in hints for part in parts(hint) if part.__module__.startswith("sluice_client.")}
    assert {"JobQuality", "ProfileRef", "UploadedFile"} <= ours <= set(sluice_client.__all__)


def parts(hint: Any) -> set[type]:
    """The classes that a type is made of."""
    inner = {part for argument in get_args(hint) for part in parts(argument)}
    return inner | ({hint} if isinstance(hint, type) else set())
