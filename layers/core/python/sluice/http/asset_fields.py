"""What the caller says of an asset when its bytes are announced: the same whether they are uploaded or fetched."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from sluice.http.bodies import RequestBody

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Tag = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,64}$")]
MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=500)]
OwnId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]


class AssetFields(RequestBody):
    title: Text | None = None
    external_id: OwnId | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=40)] = {}
    tags: Annotated[list[Tag], Field(max_length=40)] = []
    creator_id: Annotated[OwnId | None, Field(description="Your own id of who uploads: quotas count by it.")] = None
    intake_policy_id: str | None = None
    encoding_profile_id: Annotated[
        str | None, Field(description="Null: the intake policy's, or the built-in profile.")
    ] = None
    transcode: Annotated[Literal["auto", "none"], Field(description="none: stored as it is, never played.")] = "auto"
    playback_policy: Literal["signed"] = "signed"

    def shared(self) -> dict[str, Any]:
        """As `service.upload_slots.NewUpload` names them."""
        return {
            "title": self.title,
            "external_id": self.external_id,
            "metadata": self.metadata,
            "tags": tuple(self.tags),
            "creator_id": self.creator_id,
            "policy_id": self.intake_policy_id,
            "profile_id": self.encoding_profile_id,
            "transcode": self.transcode,
        }
