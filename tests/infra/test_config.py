"""Context in, one frozen configuration out."""

import sys
from collections.abc import Mapping

import pytest

from infra.config import LARGEST_TASK, Config, ConfigError, host_architecture, read_config
from sluice.domain.task_sizes import transcode_size

FULL = "0,5,300,1800,7200,18000,36000,50400,72000,86400"


def read(context: Mapping[str, object]) -> Config:
    return read_config(context.get)


def test_aws_environments_share_their_runtime() -> None:
    for environment in ("dev", "staging", "prod"):
        config = read({"environment": environment})
        assert (config.python_version, config.architecture) == ("3.13", "arm64")
        assert (config.allow_loopback, config.retry_schedule_s) == (False, FULL)
        assert (config.fault_wait_s, config.capacity_wait_s) == (10, 60)


def test_local_runs_on_this_machine() -> None:
    config = read({"environment": "local"})
    assert config.python_version == f"3.{sys.version_info.minor}"
    assert config.architecture == host_architecture()
    assert (config.allow_loopback, config.retry_schedule_s) == (True, "0,1,1,2")
    assert (config.fault_wait_s, config.capacity_wait_s) == (1, 1)


def test_loopback_is_allowed_on_this_machine_only() -> None:
    for off in ("false", "False", False):
        assert not read({"environment": "local", "allowLoopback": off}).allow_loopback
    for on in ("true", "True", True):
        assert read({"environment": "local", "allowLoopback": on}).allow_loopback
        for environment in ("dev", "staging", "prod"):
            assert not read({"environment": environment, "allowLoopback": "false"}).allow_loopback
            with pytest.raises(ConfigError, match="local environment only"):
                read({"environment": environment, "allowLoopback": on})


def test_staging_and_prod_keep_data() -> None:
    kept = {name: read({"environment": name}).keep_data for name in ("local", "dev", "staging", "prod")}
    assert kept == {"local": False, "dev": False, "staging": True, "prod": True}


def test_every_task_finds_room() -> None:
    assert transcode_size(1 << 50).vcpus == LARGEST_TASK


def test_the_context_is_read() -> None:
    config = read(
        {
            "environment": "dev",
            "mediaBaseUrl": "https://media.example.com",
            "apiBaseUrl": "http://127.0.0.1:8080",
            "allowedOrigins": "https://a.example,https://b.example",
            "activeSlot": "b",
            "generation-b": "2",
            "reservedConcurrency": 20,
            "pollConcurrency": 30,
            "deliveryConcurrency": 40,
            "maxVcpus": 400,
            "maxTenantVcpus": "4",
        }
    )
    assert config.media_base_url == "https://media.example.com"
    assert config.api_base_url == "http://127.0.0.1:8080"
    assert config.allowed_origins == ("https://a.example", "https://b.example")
    assert (config.active_slot, config.generations) == ("b", {"a": 1, "b": 2})
    assert (config.reserved_concurrency, config.poll_concurrency, config.delivery_concurrency) == (20, 30, 40)
    assert (config.max_vcpus, config.max_tenant_vcpus) == (400, 4)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({}, "say which environment"),
        ({"environment": "production"}, "unknown environment 'production'"),
        ({"mediaBaseUrl": "media.example.com"}, "mediaBaseUrl must be an http"),
        ({"apiBaseUrl": "https://api.example.com/"}, "without a trailing slash"),
        ({"transcoderImage": "sluice/transcoder:latest"}, "must name a digest"),
        ({"availabilityZones": "0"}, "whole number above 0"),
        ({"generation-a": "-1"}, "whole number above 0"),
        ({"activeSlot": "c"}, "one of a, b"),
        ({"allowLoopback": "maybe"}, "must be true or false"),
        ({"reservedConcurrency": "many"}, "whole number above 0"),
        ({"pollConcurrency": "0"}, "whole number above 0"),
        ({"deliveryConcurrency": "1"}, "from 2 to 1000"),
        ({"maxVcpus": 3}, "at least 4"),
        ({"maxTenantVcpus": 0}, "whole number above 0"),
    ],
)
def test_what_cannot_be_deployed_is_refused(context: dict[str, str], message: str) -> None:
    complete = {"environment": "dev", **context} if context else {}
    with pytest.raises(ConfigError, match=message):
        read(complete)
