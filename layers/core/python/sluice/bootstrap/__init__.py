"""The composition root: one function per deployable wires its use cases to adapters, on first use and never at import.

Adapters are imported inside those functions, so that a cold start pays for its own adapters only.
"""

from sluice.bootstrap.deployable import Core, core
from sluice.bootstrap.early import publish_early
from sluice.bootstrap.events import api_events
from sluice.bootstrap.fetching import fetcher
from sluice.bootstrap.operators import Operate, SigningKey, identifier, operate, signing_key
from sluice.bootstrap.pipeline import (
    CompleteUpload,
    FailFetch,
    OnObjectCreated,
    api_ingest,
    api_uploads,
    complete_upload,
    fail_fetch,
    on_object_created,
    reconciler,
    transcoder,
)
from sluice.bootstrap.policies import ApiPolicies, api_policies
from sluice.bootstrap.starting import admission
from sluice.bootstrap.thumbnails import ApiThumbnails, api_thumbnails, make_thumbnail
from sluice.bootstrap.viewing import ApiAssets, ApiPlayback, Playback, api_assets, api_playback, playback
from sluice.bootstrap.webhooks import (
    ApiDeliveries,
    ApiWebhooks,
    DispatchEvents,
    api_deliveries,
    api_webhooks,
    deliver_webhook,
    dispatch_events,
)

__all__ = [
    "ApiAssets",
    "ApiDeliveries",
    "ApiPlayback",
    "ApiPolicies",
    "ApiThumbnails",
    "ApiWebhooks",
    "CompleteUpload",
    "Core",
    "DispatchEvents",
    "FailFetch",
    "OnObjectCreated",
    "Operate",
    "Playback",
    "SigningKey",
    "admission",
    "api_assets",
    "api_deliveries",
    "api_events",
    "api_ingest",
    "api_playback",
    "api_policies",
    "api_thumbnails",
    "api_uploads",
    "api_webhooks",
    "complete_upload",
    "core",
    "deliver_webhook",
    "dispatch_events",
    "fail_fetch",
    "fetcher",
    "identifier",
    "make_thumbnail",
    "on_object_created",
    "operate",
    "playback",
    "publish_early",
    "reconciler",
    "signing_key",
    "transcoder",
]
