"""What an `api_*` handler needs: a Powertools resolver that identifies the caller, checks the scope, validates, and
answers every failure as RFC 9457 problem+json. See `sluice.http.api.api`."""

from sluice.http.answers import created, no_content
from sluice.http.api import api
from sluice.http.bodies import FailureView, Page, RequestBody, ResponseBody, Timestamp, without_defaults
from sluice.http.caller import Caller, caller, needs, needs_or_upload_token
from sluice.http.parameters import Cursor, IdempotencyKey, Keyed, Limit, keyed

__all__ = [
    "Caller",
    "Cursor",
    "FailureView",
    "IdempotencyKey",
    "Keyed",
    "Limit",
    "Page",
    "RequestBody",
    "ResponseBody",
    "Timestamp",
    "api",
    "caller",
    "created",
    "keyed",
    "needs",
    "needs_or_upload_token",
    "no_content",
    "without_defaults",
]
