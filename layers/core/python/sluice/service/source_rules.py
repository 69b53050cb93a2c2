"""What an intake policy can only be held to once the file is here: its real type and its real length."""

from sluice.domain.intake import IntakeRules
from sluice.domain.media_types import types_of
from sluice.domain.models import Asset
from sluice.domain.upload_errors import ContentTypeNotAllowed, UploadTooLong
from sluice.media.source import SourceProbe
from sluice.service.intake_checks import allows_type
from sluice.service.ports import Records

ROUNDING_S = 0.5  # a film of a minute lasts 60.02 s: its last frame and the sound's last packet stand over


def rules_of_upload(asset: Asset, records: Records) -> IntakeRules:
    upload = records.upload(asset.tenant_id, asset.upload_id)
    return upload.rules if upload else IntakeRules()


def check_source(rules: IntakeRules, found: SourceProbe) -> None:
    """Raises ContentTypeNotAllowed, UploadTooLong."""
    types = types_of(found.container, picture=found.video is not None)
    if not any(allows_type(rules, one) for one in types):
        raise ContentTypeNotAllowed(f"The file is {types[0]}, whatever it was called; its intake policy takes others.")
    if found.duration_s is not None and found.duration_stated:  # an estimate may be far off
        check_length(rules, found.duration_s)


def check_length(rules: IntakeRules, duration_s: float) -> None:
    """Raises UploadTooLong."""
    if rules.max_duration_s is not None and duration_s > rules.max_duration_s + ROUNDING_S:
        raise UploadTooLong(f"The video plays for {duration_s:.1f} s; at most {rules.max_duration_s:g} s are taken.")
