"""Settings: one class per deployable, used both ways.

CDK writes them (`environment=PlaybackSettings.to_env(table_name=...)`), the deployable reads them
(`PlaybackSettings.from_env()`), so no name is known to one side only. Pydantic parses `SLUICE_FOO_BAR` into `foo_bar`.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from sluice.config.webhook_targets import RegisteredTarget as RegisteredTarget
from sluice.config.webhook_targets import read_targets as read_targets

PREFIX = "SLUICE_"


class Environment(StrEnum):
    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class Settings(BaseModel):
    """Base of every settings class; unknown fields are refused so that a typo fails at synth, not at 3 a.m."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Environment
    table_name: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Read the process environment. Raises pydantic.ValidationError naming every missing or malformed setting."""
        source = os.environ if env is None else env
        return cls.model_validate(
            {name: source[PREFIX + name.upper()] for name in cls.model_fields if PREFIX + name.upper() in source}
        )

    @classmethod
    def to_env(cls, **values: Any) -> dict[str, str]:
        """Environment variables for a deployable. Values may be CDK tokens: names are checked, values are not.

        Raises TypeError for an unknown or a missing required name.
        """
        unknown = values.keys() - cls.model_fields.keys()
        missing = {name for name, field in cls.model_fields.items() if field.is_required()} - values.keys()
        if unknown or missing:
            raise TypeError(f"{cls.__name__}: unknown settings {sorted(unknown)}, missing settings {sorted(missing)}")
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def bucket_names(setting: str) -> frozenset[str]:
    """Of a setting that lists buckets, separated by commas."""
    return frozenset(name.strip() for name in setting.split(",")) - {""}


class AuthorizerSettings(Settings):
    pepper_secret_arn: str
    upload_token_secret_arn: str


class ApiUploadsSettings(Settings):
    uploads_bucket: str
    presign_role_arn: str
    complete_queue_url: str
    upload_token_secret_arn: str
    upload_ttl_s: int = 86_400
    part_url_ttl_s: int = 900
    max_transcode_bytes: int = 100_000_000_000


class ApiAssetsSettings(Settings):
    cursor_secret_arn: str
    uploads_bucket: str
    state_machine_arn: str
    max_vcpus: int = 64
    max_tenant_vcpus: int = 32


class ApiThumbnailsSettings(Settings):
    cursor_secret_arn: str
    uploads_bucket: str
    presign_role_arn: str
    make_thumbnail_function: str


class ApiPoliciesSettings(Settings):
    cursor_secret_arn: str


class ApiWebhooksSettings(Settings):
    cursor_secret_arn: str
    webhook_key_arn: str
    webhook_targets: str = "{}"
    allow_loopback: bool = False


class ApiDeliveriesSettings(Settings):
    cursor_secret_arn: str
    delivery_queue_url: str
    webhook_key_arn: str
    webhook_targets: str = "{}"
    allow_loopback: bool = False
    timeout_s: float = 15.0  # the gateway cuts at 30


class ApiEventsSettings(Settings):
    cursor_secret_arn: str
    waiting_places: int = 5  # of one tenant


class ApiIngestSettings(Settings):
    uploads_bucket: str
    fetch_state_machine_arn: str
    upload_ttl_s: int = 86_400
    part_url_ttl_s: int = 900
    max_transcode_bytes: int = 100_000_000_000
    max_open_fetches: int = 1_000
    ingest_buckets: str = ""
    plain_http: bool = False
    allow_loopback: bool = False


class ApiPlaybackSettings(Settings):
    token_secret_arn: str
    media_base_url_parameter: str
    media_base_url_digest: str  # read by nobody: another value makes Lambda start processes that read the parameter


class CompleteUploadSettings(Settings):
    uploads_bucket: str


class OnObjectCreatedSettings(Settings):
    uploads_bucket: str
    state_machine_arn: str
    max_vcpus: int = 64
    max_tenant_vcpus: int = 32


class ClassifyFailureSettings(Settings):
    max_attempts: int = 3
    fault_wait_s: int = 10
    capacity_wait_s: int = 60


class FailTranscodeSettings(Settings):
    pass


class FindPartsSettings(Settings):
    max_vcpus: int = 64
    max_tenant_vcpus: int = 32
    chunk_tasks: int = 40
    parts_in_turn: int = 4


class TranscoderSettings(Settings):
    uploads_bucket: str
    media_bucket: str
    chunk_over_s: float = 300.0
    chunk_s: float = 60.0


class PublishEarlySettings(Settings):
    uploads_bucket: str
    media_bucket: str
    storage_role_arn: str
    max_source_bytes: int = 2_000_000_000
    demands_sandbox: bool = True


class MakeThumbnailSettings(Settings):
    uploads_bucket: str
    media_bucket: str
    storage_role_arn: str
    demands_sandbox: bool = True


class FetcherSettings(Settings):
    uploads_bucket: str
    complete_queue_url: str
    ingest_buckets: str = ""
    plain_http: bool = False
    allow_loopback: bool = False
    max_bytes: int = 100_000_000_000
    deadline_s: int = 36_000
    min_rate_bytes_s: int = 32_768


class FailFetchSettings(Settings):
    uploads_bucket: str


class DispatchEventsSettings(Settings):
    delivery_queue_url: str


class DeliverWebhookSettings(Settings):
    delivery_queue_url: str
    dead_letter_queue_url: str
    webhook_key_arn: str
    webhook_targets: str = "{}"
    allow_loopback: bool = False
    retry_schedule_s: str = "0,5,300,1800,7200,18000,36000,50400,72000,86400"  # 75.6 h in all
    timeout_s: float = 15.0


class PlaybackSettings(Settings):
    media_bucket: str
    token_secret_arn: str
    url_signing_secret_arn: str
    key_pair_id: str
    media_base_url_parameter: str
    media_base_url_digest: str  # read by nobody: another value makes Lambda start processes that read the parameter


class ReconcileSettings(Settings):
    uploads_bucket: str
    media_bucket: str
    state_machine_arn: str
    fetch_state_machine_arn: str
    delivery_queue_url: str
    complete_queue_url: str
    make_thumbnail_function: str
    max_vcpus: int = 64
    max_tenant_vcpus: int = 32


class StartWaitingSettings(Settings):
    state_machine_arn: str
    max_vcpus: int = 64
    max_tenant_vcpus: int = 32


class OperateSettings(Settings):
    pepper_secret_arn: str
    delivery_queue_url: str
    dead_letter_queue_url: str


class SigningKeySettings(BaseModel):
    """The custom resource takes everything from its event; it has no environment of its own."""
