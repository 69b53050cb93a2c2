"""CloudFormation types and attributes that the adapter adds to ministack."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.engine import Engine
from infra.local.templates import StackFailed, create_stack, update_stack
from tests.contract.engine.conftest import Eventually
from tests.contract.engine.resources import Resource, attribute, ref, resource, role, task_definition


def public_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(name: str, pem: str) -> Resource:
    return resource("CloudFront::PublicKey", PublicKeyConfig={"CallerReference": name, "Name": name, "EncodedKey": pem})


def key_group(*key_ids: str) -> Resource:
    return resource("CloudFront::KeyGroup", KeyGroupConfig={"Name": "keys", "Items": [ref(each) for each in key_ids]})


def test_public_keys_and_key_groups(engine: Engine) -> None:
    pem = public_pem()
    template = {"A": public_key("slot-a", pem), "Keys": key_group("A")}
    made = create_stack(engine, "keys", template, {"Key": ref("A"), "Group": ref("Keys")})
    cloudfront = engine.client("cloudfront")
    assert cloudfront.get_public_key(Id=made["Key"])["PublicKey"]["PublicKeyConfig"]["EncodedKey"] == pem
    assert cloudfront.get_key_group(Id=made["Group"])["KeyGroup"]["KeyGroupConfig"]["Items"] == [made["Key"]]

    template |= {"B": public_key("slot-b", public_pem()), "Keys": key_group("A", "B")}
    updated = update_stack(engine, "keys", template, {"Key": ref("B"), "Group": ref("Keys")})
    assert updated["Group"] == made["Group"]
    items = cloudfront.get_key_group(Id=made["Group"])["KeyGroup"]["KeyGroupConfig"]["Items"]
    assert items == [made["Key"], updated["Key"]]


def test_a_public_key_cannot_be_changed_in_place(engine: Engine) -> None:
    create_stack(engine, "fixed-key", {"A": public_key("fixed", public_pem())}, {})
    with pytest.raises(StackFailed, match="cannot be updated"):
        update_stack(engine, "fixed-key", {"A": public_key("fixed", public_pem())}, {})


def test_capacity_providers_of_a_cluster(engine: Engine) -> None:
    strategy = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    providers = resource(
        "ECS::ClusterCapacityProviderAssociations",
        Cluster=ref("Cluster"),
        CapacityProviders=["FARGATE", "FARGATE_SPOT"],
        DefaultCapacityProviderStrategy=strategy,
    )
    template = {"Cluster": resource("ECS::Cluster", ClusterName="spot"), "Providers": providers}
    create_stack(engine, "capacity", template, {})
    cluster = engine.client("ecs").describe_clusters(clusters=["spot"])["clusters"][0]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["defaultCapacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"


def test_cors_of_an_http_api_survives_its_update(engine: Engine) -> None:
    def api(origin: str) -> dict[str, Resource]:
        cors = {"AllowOrigins": [origin], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"], "MaxAge": 600}
        return {"Api": resource("ApiGatewayV2::Api", Name="cors", ProtocolType="HTTP", CorsConfiguration=cors)}

    made = create_stack(engine, "cors", api("https://one.example"), {"Id": ref("Api")})
    client = engine.client("apigatewayv2")
    assert client.get_api(ApiId=made["Id"])["CorsConfiguration"]["AllowOrigins"] == ["https://one.example"]
    update_stack(engine, "cors", api("https://two.example"), {"Id": ref("Api")})
    cors = client.get_api(ApiId=made["Id"])["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://two.example"]
    assert cors["MaxAge"] == 600


def test_time_to_live_of_a_table(engine: Engine) -> None:
    def table(attribute_name: str) -> dict[str, Resource]:
        key = {"AttributeName": "pk", "AttributeType": "S"}
        return {
            "Table": resource(
                "DynamoDB::Table",
                AttributeDefinitions=[key],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
                TimeToLiveSpecification={"AttributeName": attribute_name, "Enabled": True},
            )
        }

    name = create_stack(engine, "ttl", table("ttl"), {"Name": ref("Table")})["Name"]
    client = engine.client("dynamodb")
    described = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    update_stack(engine, "ttl", table("expires"), {"Name": ref("Table")})
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_the_reference_of_a_secret_is_its_arn(engine: Engine) -> None:
    def secret(description: str) -> dict[str, Resource]:
        generate = {"PasswordLength": 40, "ExcludePunctuation": True}
        properties: dict[str, Any] = {"Description": description, "GenerateSecretString": generate}
        return {"Secret": resource("SecretsManager::Secret", **properties)}

    outputs = {"Ref": ref("Secret"), "Id": attribute("Secret", "Id")}
    made = create_stack(engine, "secret", secret("first"), outputs)
    assert made["Ref"].startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:")
    assert made["Ref"] == made["Id"]
    client = engine.client("secretsmanager")
    value = client.get_secret_value(SecretId=made["Ref"])["SecretString"]
    assert len(value) == 40
    assert value.isalnum()

    assert update_stack(engine, "secret", secret("second"), outputs) == made
    assert client.describe_secret(SecretId=made["Ref"])["Description"] == "second"
    assert client.get_secret_value(SecretId=made["Ref"])["SecretString"] == value

    engine.client("cloudformation").delete_stack(StackName="secret")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_secret_value(SecretId=made["Ref"])


def test_a_secret_declared_without_a_value_has_none(engine: Engine) -> None:
    arn = create_stack(engine, "no-value", {"Secret": resource("SecretsManager::Secret")}, {"Arn": ref("Secret")})[
        "Arn"
    ]
    client = engine.client("secretsmanager")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_secret_value(SecretId=arn)
    client.put_secret_value(SecretId=arn, SecretString="later")
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "later"


def test_secrets_of_a_container_reach_it(engine: Engine, eventually: Eventually) -> None:
    template = {
        "Role": role("ecs-tasks"),
        "Cluster": resource("ECS::Cluster", ClusterName="secrets"),
        "Secret": resource("SecretsManager::Secret", SecretString='{"token": "s3cret"}'),
        "Logs": resource("Logs::LogGroup", LogGroupName="secrets"),
        "Task": task_definition(
            "Role",
            Secrets=[{"Name": "TOKEN", "ValueFrom": {"Fn::Join": ["", [ref("Secret"), ":token::"]]}}],
            Command=["environment"],
            LogConfiguration={
                "LogDriver": "awslogs",
                "Options": {
                    "awslogs-group": ref("Logs"),
                    "awslogs-stream-prefix": "task",
                    "awslogs-region": "us-east-1",
                },
            },
        ),
    }
    made = create_stack(engine, "container-secrets", template, {"Task": ref("Task")})
    engine.client("ecs").run_task(cluster="secrets", taskDefinition=made["Task"])
    logs = engine.client("logs")
    events = eventually(lambda: logs.filter_log_events(logGroupName="secrets")["events"])
    assert json.loads(events[0]["message"])["environment"]["TOKEN"] == "s3cret"


def test_values_cross_stacks_by_export(engine: Engine) -> None:
    cloudformation = engine.client("cloudformation")
    exporting = {
        "Resources": {"Queue": resource("SQS::Queue")},
        "Outputs": {"Arn": {"Value": attribute("Queue", "Arn"), "Export": {"Name": "queue-arn"}}},
    }
    cloudformation.create_stack(StackName="exports", TemplateBody=json.dumps(exporting))
    parameter = resource("SSM::Parameter", Type="String", Name="/imported", Value={"Fn::ImportValue": "queue-arn"})
    create_stack(engine, "imports", {"Parameter": parameter}, {})
    value = engine.client("ssm").get_parameter(Name="/imported")["Parameter"]["Value"]
    assert value.startswith("arn:aws:sqs:us-east-1:000000000000:")
