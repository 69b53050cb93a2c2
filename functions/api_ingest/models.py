"""Bodies of the ingest routes."""

import json
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sluice.domain.ids import Prefix, derived_id
from sluice.domain.ingest import Refusal
from sluice.domain.upload import UploadSource
from sluice.http import RequestBody, ResponseBody
from sluice.http.asset_fields import AssetFields, Text
from sluice.problem_json import status_of_code
from sluice.service.ingest_batch import Item
from sluice.service.upload_slots import NewUpload
from sluice.views.asset import AssetView

MOST_SOURCES = 1_000
MOST_SHOWN = 2_500_000  # characters of JSON; a Lambda's answer has 6 MB, in which every quote is written twice
UNKNOWN_TYPE = "application/octet-stream"  # the source says it when it is fetched


class IngestInput(RequestBody):
    url: Annotated[str, StringConstraints(min_length=1, max_length=2048)] = Field(
        description="https://…, or s3://bucket/key of a bucket that the operator has named. Redirects: 3 at most."
    )
    headers: dict[str, str] = Field(
        {},
        description="Sent to the URL's own origin only, and forgotten when the fetch ends. At most 20, 4 KB in all; "
        "not Host, Cookie, Range or other ones that we set.",
    )


class CreateAsset(AssetFields):
    input: IngestInput
    filename: Text | None = None

    def command(self, upload_id: str) -> NewUpload:
        return NewUpload(
            upload_id=upload_id,
            size_bytes=0,
            content_type=UNKNOWN_TYPE,
            filename=self.filename,
            source=UploadSource(url=self.input.url, headers=self.input.headers),
            **self.shared(),
        )


class CreateAssets(RequestBody):
    assets: Annotated[list[CreateAsset], Field(min_length=1, max_length=MOST_SOURCES)]

    @model_validator(mode="after")
    def fits_its_answer(self) -> Self:
        shown = [asset.model_dump(include={"title", "external_id", "metadata", "tags"}) for asset in self.assets]
        if len(json.dumps(shown)) > MOST_SHOWN:
            raise ValueError("Titles, metadata and tags of one batch are too long: send it in smaller ones.")
        return self

    def commands(self, batch_id: str) -> list[NewUpload]:
        return [asset.command(derived_id(Prefix.UPLOAD, batch_id, index)) for index, asset in enumerate(self.assets)]


class RefusedField(ResponseBody):
    pointer: str
    code: str
    detail: str


class RefusalView(ResponseBody):
    """What a problem says, as far as it concerns one source."""

    code: str
    detail: str
    retryable: bool
    errors: list[RefusedField]

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        fields = [RefusedField(pointer=one.pointer, code=one.code, detail=one.detail) for one in refusal.errors]
        return cls(code=refusal.code, detail=refusal.detail, retryable=refusal.retryable, errors=fields)


class IngestResult(ResponseBody):
    index: int = Field(description="The source's place in the request, from 0.")
    status: int = Field(description="What a call for this source alone would have answered: 201, or an error's.")
    asset: AssetView | None
    error: RefusalView | None

    @classmethod
    def of(cls, index: int, item: Item) -> Self:
        refusal = item.refusal
        return cls(
            index=index,
            status=status_of_code(refusal.code) if refusal else 201,
            asset=AssetView.of(item.asset) if item.asset else None,
            error=RefusalView.of(refusal) if refusal else None,
        )


class IngestResults(ResponseBody):
    data: list[IngestResult]

    @classmethod
    def of(cls, items: Sequence[Item]) -> Self:
        return cls(data=[IngestResult.of(index, item) for index, item in enumerate(items)])
