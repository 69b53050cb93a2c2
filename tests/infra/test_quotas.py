"""What `make deploy` says of the account's quotas."""

import boto3
import pytest
from botocore.stub import Stubber

from infra.config import read_config
from infra.quotas import context_of, report

ON_DEMAND, SPOT = "Fargate On-Demand vCPU resource count", "Fargate Spot vCPU resource count"


@pytest.fixture
def stubbed() -> Stubber:
    client = boto3.client(
        "service-quotas", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    return Stubber(client)


def lines(stubbed: Stubber, **context: str) -> list[str]:
    with stubbed:
        return report(read_config({"environment": "dev", **context}.get), stubbed.client)


def test_quotas_stand_beside_the_settings(stubbed: Stubber) -> None:
    quotas = [
        {"QuotaName": ON_DEMAND, "Value": 6.0},
        {"QuotaName": SPOT, "Value": 400.0},
        {"QuotaName": "Tasks launched per second", "Value": 20.0},
    ]
    stubbed.add_response("list_service_quotas", {"Quotas": quotas}, {"ServiceCode": "fargate"})
    assert lines(stubbed, maxVcpus="100", maxTenantVcpus="8") == [
        "transcodes take at most 100 vCPU (maxVcpus), 8 of one tenant",
        f"quota {ON_DEMAND}: 6: less than maxVcpus 100",
        f"quota {SPOT}: 400",
    ]


def test_who_may_not_read_them_deploys_all_the_same(stubbed: Stubber) -> None:
    stubbed.add_client_error("list_service_quotas", "AccessDeniedException", http_status_code=400)
    [settings, told] = lines(stubbed)
    assert "64 vCPU" in settings
    assert told.startswith("the account's quotas could not be read: ") and "AccessDenied" in told


def test_the_command_line_counts_before_cdk_json() -> None:
    context = context_of(["environment=dev", "maxVcpus=12", "allowedOrigins=https://a.example/?x=y"])
    assert (context["maxVcpus"], context["allowedOrigins"]) == ("12", "https://a.example/?x=y")
    assert context.keys() > {"environment", "maxVcpus", "allowedOrigins"}
