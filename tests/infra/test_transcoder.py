"""The Fargate task and the network it runs in."""

import re

import pytest

from infra.constructs.transcoder_image import CONTEXT_RULES, PRIVATE_ECR
from sluice.config import TranscoderSettings
from tests.infra.deployment import REPOSITORY, Deployment, as_list, flat, synthesize

DIGEST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/sluice/transcoder@sha256:" + "0" * 64


def test_the_container_can_write_to_its_scratch_volume_only(dev: Deployment) -> None:
    assert dev.container("transcoder")["ReadonlyRootFilesystem"] is True
    assert dev.container("transcoder")["MountPoints"] == [
        {"ContainerPath": "/scratch", "SourceVolume": "scratch", "ReadOnly": False}
    ]
    task = dev.task("transcoder").properties
    assert task["Volumes"] == [{"Name": "scratch"}]
    assert task["EphemeralStorage"] == {"SizeInGiB": 200}


def test_the_image_prepares_that_volume(dev: Deployment) -> None:
    """A bind mount belongs to root unless the image made the folder and a VOLUME of it."""
    dockerfile = (REPOSITORY / "functions" / "transcoder" / "Dockerfile").read_text()
    assert re.search(r"^VOLUME /scratch$", dockerfile, re.MULTILINE)
    assert "TMPDIR=/scratch" in dockerfile
    assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE)


def test_the_container_is_stopped_gently(dev: Deployment) -> None:
    assert dev.container("transcoder")["StopTimeout"] == 120
    assert dev.container("transcoder")["LinuxParameters"]["InitProcessEnabled"] is True


def test_the_container_has_its_settings(dev: Deployment) -> None:
    variables = {one["Name"]: flat(one["Value"]) for one in as_list(dev.container("transcoder")["Environment"])}
    settings = TranscoderSettings.from_env(variables)
    assert settings.environment == "dev"
    assert "Uploads" in settings.uploads_bucket
    assert "MediaBucket" in settings.media_bucket


def test_the_task_is_arm64_in_aws(dev: Deployment) -> None:
    platform = dev.task("transcoder").properties["RuntimePlatform"]
    assert platform == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_both_capacity_providers_stand_ready(dev: Deployment) -> None:
    providers = dev.only("AWS::ECS::ClusterCapacityProviderAssociations").properties["CapacityProviders"]
    assert set(providers) == {"FARGATE", "FARGATE_SPOT"}


def test_the_build_context_holds_what_the_dockerfile_copies_and_nothing_private() -> None:
    dockerfile = (REPOSITORY / "functions" / "transcoder" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?:--\S+ )*(\S+) \S+$", dockerfile, re.MULTILINE)
    assert copied
    kept = {rule.removeprefix("!") for rule in CONTEXT_RULES if rule.startswith("!")}
    assert set(copied) <= kept
    assert CONTEXT_RULES[0] == "**"


def test_the_staged_context_is_small(dev: Deployment) -> None:
    [staged] = [file.parents[2] for file in dev.folder.glob("asset.*/functions/transcoder/Dockerfile")]
    roots = {file.relative_to(staged).parts[0] for file in staged.rglob("*") if file.is_file()}
    assert roots == {"functions", "layers", "requirements"}
    assert [file for file in staged.rglob("*.pyc")] == []


def test_an_image_by_digest_needs_no_docker(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("digest")
    synthesize("dev", folder, context={"transcoderImage": DIGEST})
    deployment = Deployment("dev", folder)
    assert deployment.container("transcoder")["Image"] == DIGEST
    assert list(folder.glob("asset.*/functions/transcoder/Dockerfile")) == []
    pulling = [
        flat(statement["Resource"])
        for policy in deployment.resources("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in as_list(statement["Action"])
    ]
    assert len(pulling) == 2  # an execution role for each kind of task
    assert all(one.endswith(":ecr:eu-central-1:123456789012:repository/sluice/transcoder") for one in pulling)


def test_public_images_need_no_pull_permission() -> None:
    assert PRIVATE_ECR.match("public.ecr.aws/sluice/transcoder@sha256:0") is None


def test_there_is_no_nat_gateway_and_no_way_in(dev: Deployment) -> None:
    assert dev.resources("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::SecurityGroupIngress") == []
    groups = dev.resources("AWS::EC2::SecurityGroup")
    assert len(groups) == 2
    for group in groups:
        assert "SecurityGroupIngress" not in group.properties
        [out] = group.properties["SecurityGroupEgress"]
        assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)


def test_the_network_spans_three_zones_and_reaches_s3_and_dynamodb_for_free(dev: Deployment) -> None:
    subnets = dev.resources("AWS::EC2::Subnet")
    assert len({flat(one.properties["AvailabilityZone"]) for one in subnets}) == 3
    endpoints = dev.resources("AWS::EC2::VPCEndpoint")
    assert {one.properties["VpcEndpointType"] for one in endpoints} == {"Gateway"}
    assert {flat(one.properties["ServiceName"]).rpartition(".")[2] for one in endpoints} == {"s3", "dynamodb"}
    assert {len(one.properties["RouteTableIds"]) for one in endpoints} == {3}
