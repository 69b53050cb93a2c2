"""Why a viewer got nothing, for the tenant whose asset it was. The viewer is told less: nobody learns which tokens are
nearly right."""

from datetime import datetime
from enum import StrEnum

from sluice.domain.errors import AssetNotPlayable, PlaybackDenied
from sluice.domain.model import Model


class DenialReason(StrEnum):
    """Stable names: callers look for them."""

    NO_TOKEN = "no_token"  # noqa: S105  # none, or anything beside it in the query
    UNKNOWN_SIGNATURE = "unknown_signature"
    WRONG_TOKEN = "wrong_token"  # noqa: S105  # of another playback id, or for another kind of file
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    VIEWING_OVER = "viewing_over"  # opened in time, and watched on for longer than that holds
    NOT_APPROVED = "not_approved"
    NOT_PLAYABLE = "not_playable"


class TokenRefused(PlaybackDenied):
    def __init__(self, reason: DenialReason) -> None:
        super().__init__()
        self.reason = reason


class AssetNotApproved(AssetNotPlayable):
    def __init__(self) -> None:
        super().__init__("The asset has not been approved.")


def reason_of(refusal: PlaybackDenied | AssetNotPlayable) -> DenialReason:
    match refusal:
        case TokenRefused(reason=reason):
            return reason
        case PlaybackDenied():
            return DenialReason.UNKNOWN_SIGNATURE
        case AssetNotApproved():
            return DenialReason.NOT_APPROVED
        case _:
            return DenialReason.NOT_PLAYABLE


class Denial(Model):
    """Refusals of one asset for one reason within one minute."""

    tenant_id: str
    asset_id: str
    reason: str  # a DenialReason; of the next release perhaps one that is not known here yet
    minute: datetime
    count: int = 1  # at least: each process of `playback` tells of the first that it saw
    last_at: datetime
    request_id: str  # of the last
    session_id: str | None  # the last that was known
