"""What a deployment costs in a month without a single request (eu-central-1 list prices, US dollars)."""

from tests.infra.deployment import Deployment

CEILING = 5.00

MONTHLY = {
    "AWS::SecretsManager::Secret": 0.40,
    "AWS::KMS::Key": 1.00,
    "AWS::CloudWatch::Alarm": 0.10,
}
# 43,200 runs a month of about 200 ms at 512 MB on arm64, and the empty receives of three polling mappings
RECONCILE_AND_POLLING = 0.60
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


def test_the_idle_cost_stays_below_its_ceiling(prod: Deployment) -> None:
    lines = {kind: len(prod.resources(kind)) * price for kind, price in MONTHLY.items()}
    total = sum(lines.values()) + RECONCILE_AND_POLLING
    for kind, dollars in lines.items():
        print(f"{kind}: {len(prod.resources(kind))} x ${MONTHLY[kind]:.2f} = ${dollars:.2f}")
    print(f"polling: ${RECONCILE_AND_POLLING:.2f}\nidle, per month: ${total:.2f} (ceiling ${CEILING:.2f})")
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
