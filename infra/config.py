"""What differs between environments: read once from the CDK context (`-c name=value`), then passed down, frozen."""

import hashlib
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from infra.webhook_targets import WebhookTargets, read_webhook_targets
from sluice.config import DeliverWebhookSettings, Environment

SIGNING_SLOTS = ("a", "b")
LAMBDA_PYTHON = "3.13"
FULL_SCHEDULE = str(DeliverWebhookSettings.model_fields["retry_schedule_s"].default)
LAMBDA_ARCHITECTURE = "arm64"
FAST_LANE_MOST_BYTES = 3_000_000_000  # the source, a copy of it and its segments lie side by side in 10 GiB

_RETENTION_DAYS = {Environment.LOCAL: 1, Environment.DEV: 14, Environment.STAGING: 30, Environment.PROD: 90}
MOST_CHUNK_TASKS = 40  # iterations of an inline Map that Step Functions runs at once
LARGEST_TASK = 4  # vCPU, see sluice.domain.task_sizes
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # what a wildcard would need is not among them


class ConfigError(ValueError):
    """The context holds something that no deployment can be made from."""


@dataclass(frozen=True)
class Config:
    environment: Environment
    python_version: str  # of the Lambda runtime and of the wheels in its layer
    architecture: str  # arm64 | x86_64, of functions and tasks alike
    log_retention_days: int
    keep_data: bool  # tables, buckets, keys and secrets outlive their stack
    allow_loopback: bool  # webhook endpoints and sources of URL ingest on 127.0.0.1
    retry_schedule_s: str  # webhook delivery: seconds before each attempt
    fault_wait_s: int  # before a transcode that failed on our side is tried again
    delivery_concurrency: int  # calls of deliver_webhook at the same time, of ten attempts each
    capacity_wait_s: int  # before one is tried again whose capacity was missing or taken away
    media_base_url: str | None  # None: the distribution's own domain
    api_base_url: str | None  # None: the HTTP API's own endpoint
    chunk_over_s: int  # longer videos are encoded in chunks, by several tasks at once; 0: none is
    chunk_s: int  # length of a chunk, at most
    chunk_tasks: int  # of one job at the same time
    transcoder_image: str | None  # repository@sha256:...; None: built from functions/transcoder/Dockerfile
    allowed_origins: tuple[str, ...]  # browsers that may call the API and upload parts
    ingest_buckets: tuple[str, ...]  # of this account: s3:// sources are copied from these and no others
    webhook_targets: WebhookTargets
    ingest_plain_http: bool  # sources on http://, port 80, beside https
    alarm_email: str | None
    fast_lane: bool  # standard sources are published at once by a function, before a task has started
    fast_lane_max_bytes: int  # of a source; its task does that with larger ones
    fast_lane_memory_mb: int  # processors come with it; a new account may not have more than 3,008
    availability_zones: int
    max_vcpus: int  # of all transcodes at once, within the account's quota of Fargate
    max_tenant_vcpus: int  # of one tenant's
    reserved_concurrency: int | None  # of authorizer and playback each; a new account has nothing to reserve from
    poll_concurrency: int | None  # of requests that wait for events, of all tenants
    active_slot: str  # the signing key that `playback` signs with
    generations: dict[str, int]  # per slot: raising it makes a new key pair

    @property
    def prefix(self) -> str:
        return f"sluice-{self.environment}"

    @property
    def builds_for_host(self) -> bool:
        """Functions and tasks run on this machine, with its Python and processor."""
        return self.environment is Environment.LOCAL

    @property
    def demands_sandbox(self) -> bool:
        """No hostile file is opened beside credentials unless the kernel locks the program in."""
        return self.environment is not Environment.LOCAL  # a laptop may have no such kernel

    @property
    def media_base_url_parameter(self) -> str:
        return f"/sluice/{self.environment}/media-base-url"

    @property
    def media_base_url_digest(self) -> str:
        """Another one for another setting; the distribution's own domain is not known yet, and does not change."""
        return hashlib.sha256((self.media_base_url or "").encode()).hexdigest()[:12]

    @property
    def token_secret_parameter(self) -> str:
        return f"/sluice/{self.environment}/token-secret-arn"


def host_architecture() -> str:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def read_config(context: Callable[[str], object]) -> Config:
    """`context` answers None for a name that was not given. Raises ConfigError."""
    environment = _environment(context("environment"))
    local = environment is Environment.LOCAL
    return Config(
        environment=environment,
        python_version=f"3.{sys.version_info.minor}" if local else LAMBDA_PYTHON,
        architecture=host_architecture() if local else LAMBDA_ARCHITECTURE,
        log_retention_days=_RETENTION_DAYS[environment],
        keep_data=environment in {Environment.STAGING, Environment.PROD},
        allow_loopback=_allow_loopback(_text(context("allowLoopback"), str(local)), local),
        retry_schedule_s="0,1,1,2" if local else FULL_SCHEDULE,
        fault_wait_s=1 if local else 10,
        delivery_concurrency=_callers(context, "deliveryConcurrency", "10" if local else "200"),
        capacity_wait_s=1 if local else 60,
        media_base_url=_url(context, "mediaBaseUrl"),
        api_base_url=_url(context, "apiBaseUrl"),
        chunk_over_s=_whole("chunkOverS", _text(context("chunkOverS"), "300"), most=43_200),
        chunk_s=_whole("chunkS", _text(context("chunkS"), "60"), most=600),
        chunk_tasks=max(1, _whole("chunkTasks", _text(context("chunkTasks"), "40"), most=MOST_CHUNK_TASKS)),
        transcoder_image=_image(context("transcoderImage")),
        allowed_origins=tuple(_text(context("allowedOrigins"), "*").split(",")),
        ingest_buckets=_buckets(context("ingestBuckets")),
        webhook_targets=_targets(context("webhookTargets")),
        ingest_plain_http=_truth("ingestPlainHttp", _text(context("ingestPlainHttp"), "false")),
        alarm_email=_text(context("alarmEmail"), "") or None,
        fast_lane=_truth("fastLane", _text(context("fastLane"), "true")),
        fast_lane_max_bytes=_whole(
            "fastLaneMaxBytes", _text(context("fastLaneMaxBytes"), "2000000000"), most=FAST_LANE_MOST_BYTES
        ),
        fast_lane_memory_mb=_positive("fastLaneMemoryMb", _text(context("fastLaneMemoryMb"), "3008")),
        availability_zones=_positive("availabilityZones", _text(context("availabilityZones"), "3")),
        max_vcpus=_room(context, "maxVcpus", "64"),
        max_tenant_vcpus=_room(context, "maxTenantVcpus", "32"),
        reserved_concurrency=_optional(context, "reservedConcurrency"),
        poll_concurrency=_optional(context, "pollConcurrency"),
        active_slot=_slot(_text(context("activeSlot"), SIGNING_SLOTS[0])),
        generations=_generations(context),
    )


def _text(value: object, default: str) -> str:
    return default if value is None else str(value)


def _environment(value: object) -> Environment:
    names = ", ".join(Environment)
    if value is None:
        raise ConfigError(f"say which environment: -c environment=<{names}>")
    try:
        return Environment(str(value))
    except ValueError:
        raise ConfigError(f"unknown environment {value!r}: one of {names}") from None


def _allow_loopback(value: str, local: bool) -> bool:
    allowed = _truth("allowLoopback", value)
    if allowed and not local:
        raise ConfigError("allowLoopback is for the local environment only: it opens our own processes to tenants")
    return allowed


def _url(context: Callable[[str], object], name: str) -> str | None:
    value = _text(context(name), "")
    if value and (not value.startswith(("https://", "http://")) or value.endswith("/")):
        raise ConfigError(f"{name} must be an http(s) URL without a trailing slash, not {value!r}")
    return value or None


def _image(value: object) -> str | None:
    image = _text(value, "")
    if image and "@sha256:" not in image:
        raise ConfigError("transcoderImage must name a digest (repository@sha256:...): a tag could change under us")
    return image or None


def _buckets(value: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _text(value, "").split(",") if name.strip())
    if wrong := [name for name in names if not _BUCKET.fullmatch(name)]:
        raise ConfigError(f"ingestBuckets must be names of buckets, separated by commas, not {wrong[0]!r}")
    return names


def _targets(value: object) -> WebhookTargets:
    try:
        return read_webhook_targets(value)
    except ValueError as error:
        raise ConfigError(f"webhookTargets: {error}") from None


def _truth(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ConfigError(f"{name} must be true or false, not {value!r}")
    return value.lower() == "true"


def _positive(name: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(f"{name} must be a whole number above 0, not {value!r}")
    return int(value)


def _whole(name: str, value: str, *, most: int) -> int:
    if not value.isdecimal() or int(value) > most:
        raise ConfigError(f"{name} must be a whole number up to {most}, not {value!r}")
    return int(value)


def _callers(context: Callable[[str], object], name: str, default: str) -> int:
    """Of a queue: what an event source mapping takes. On the embedded engine each is a process."""
    value = _text(context(name), default)
    if not value.isdecimal() or not 2 <= int(value) <= 1000:
        raise ConfigError(f"{name} must be a whole number from 2 to 1000, not {value!r}")
    return int(value)


def _optional(context: Callable[[str], object], name: str) -> int | None:
    value = _text(context(name), "")
    return _positive(name, value) if value else None


def _room(context: Callable[[str], object], name: str, default: str) -> int:
    """A job that is larger than all the room would wait for ever."""
    vcpus = _positive(name, _text(context(name), default))
    if vcpus < LARGEST_TASK:
        raise ConfigError(f"{name} must be at least {LARGEST_TASK}: one transcode takes as much")
    return vcpus


def _generations(context: Callable[[str], object]) -> dict[str, int]:
    return {slot: _positive("generation", _text(context(f"generation-{slot}"), "1")) for slot in SIGNING_SLOTS}


def _slot(value: str) -> str:
    if value not in SIGNING_SLOTS:
        raise ConfigError(f"activeSlot must be one of {', '.join(SIGNING_SLOTS)}, not {value!r}")
    return value
