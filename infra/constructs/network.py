"""A network for tasks that costs nothing while idle: public subnets, no NAT gateway, nothing may come in."""

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.config import Config
from infra.constructs.acknowledge import acknowledge


class Network(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            # by index: the zones' names are not known before deployment
            availability_zones=[Fn.select(zone, Fn.get_azs()) for zone in range(config.availability_zones)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20, map_public_ip_on_launch=False
                )
            ],
            # free of charge, and the bytes of every video pass through the first
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            restrict_default_security_group=False,  # it would take a custom resource; nothing uses that group
        )
        acknowledge(
            self.vpc,
            {
                "AwsSolutions-VPC7": "Tasks accept no connection; flow logs of video "
                "traffic would cost more than the network. Accounts that need them add them to the VPC."
            },
        )

    def way_out(self, name: str, *, plain_http: bool = False) -> ec2.SecurityGroup:
        """Nothing in; out by https, and by http where that is said."""
        group = ec2.SecurityGroup(
            self,
            name,
            vpc=self.vpc,
            allow_all_outbound=False,
            description=f"{name} tasks: out by {'http and https' if plain_http else 'https'}, nothing in",
        )
        for port in (443, 80) if plain_http else (443,):
            group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "AWS services, sources of ingests")
        return group
