"""What a deployment costs in a month without a single request (eu-central-1 list prices, US dollars)."""

from sluice.table import DueKind, due_partitions
from tests.infra.deployment import Deployment

CEILING = 5.60  # an alarm more than before: thumbnails that could not be made must not go unseen

MONTHLY = {
    "AWS::SecretsManager::Secret": 0.40,
    "AWS::KMS::Key": 1.00,
    "AWS::CloudWatch::Alarm": 0.10,
}
SWEEPS = 30 * 24 * 60  # reconcile runs every minute
PER_SWEEP = {
    "reconcile: Lambda, 200 ms of 512 MB": 0.2 * 0.5 * 0.0000133334 + 0.20 / 1e6,
    "reconcile: index reads": sum(len(due_partitions(kind)) for kind in DueKind) * 0.5 * 0.1525 / 1e6,
    "reconcile: 1.5 KB of logs": 1.5 / 1e6 * 0.63,
}
POLLS = SWEEPS * 5 * 3  # per queue: five pollers that each wait up to 20 s
PRICE_OF_A_POLL = 0.40 / 1e6
# Resources that cost by the hour even when nobody uses them: none of these may appear.
HOURLY = (
    "AWS::EC2::NatGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::Instance",
    "AWS::ECS::Service",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElastiCache::CacheCluster",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::CapacityProvider",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBInstance",
    "AWS::WAFv2::WebACL",
)


def idle_cost(deployment: Deployment) -> dict[str, float]:
    """US dollars a month, by what they are for."""
    mappings = deployment.resources("AWS::Lambda::EventSourceMapping")
    queues = [one for one in mappings if "ScalingConfig" in one.properties]
    lines = {kind: len(deployment.resources(kind)) * price for kind, price in MONTHLY.items()}
    lines |= {what: SWEEPS * price for what, price in PER_SWEEP.items()}
    lines["polling of queues"] = len(queues) * POLLS * PRICE_OF_A_POLL
    return lines


def test_the_idle_cost_stays_below_its_ceiling(prod: Deployment) -> None:
    lines = idle_cost(prod)
    total = sum(lines.values())
    for what, dollars in lines.items():
        print(f"{dollars:6.2f}  {what}")
    print(f"{total:6.2f}  idle, US dollars a month (ceiling {CEILING:.2f})")
    assert min(lines.values()) > 0
    assert total <= CEILING


def test_nothing_costs_by_the_hour(prod: Deployment) -> None:
    assert [resource.name for resource in prod.resources(*HOURLY)] == []
    interfaces = [
        one for one in prod.resources("AWS::EC2::VPCEndpoint") if one.properties["VpcEndpointType"] != "Gateway"
    ]
    assert interfaces == []


def test_the_table_and_functions_have_no_provisioned_capacity(prod: Deployment) -> None:
    assert prod.only("AWS::DynamoDB::Table").properties["BillingMode"] == "PAY_PER_REQUEST"
    assert (
        prod.resources("AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::ApplicationAutoScaling::ScalableTarget")
        == []
    )
