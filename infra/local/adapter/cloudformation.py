"""CloudFormation types and attributes that ministack's provisioners lack or get wrong."""

import string
from collections.abc import Mapping
from typing import Any

from infra.local.adapter.symbols import EngineMismatch, engine_module, wrap

provisioners = engine_module(
    "services.cloudformation.provisioners",
    "_RESOURCE_HANDLERS",
    "_normalize_container_defs",
    "_pascal_to_camel",
    "_sm_secret_string",
)
cloudfront = engine_module("services.cloudfront", "_public_keys", "_key_groups", "_pk_id", "_kg_id")
dynamodb = engine_module("services.dynamodb", "_update_ttl")
ecs = engine_module("services.ecs", "_put_cluster_capacity_providers")
secretsmanager = engine_module("services.secretsmanager", "_secrets")
responses = engine_module("core.responses", "new_uuid", "now_iso")

Properties = Mapping[str, Any]
Provisioned = tuple[str, dict[str, Any]]


def install() -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::CloudFront::PublicKey"] = {
        "create": create_public_key,
        "update": refuse_public_key_update,
        "delete": lambda key_id, properties: cloudfront._public_keys.pop(key_id, None),
    }
    handlers["AWS::CloudFront::KeyGroup"] = {
        "create": create_key_group,
        "update": update_key_group,
        "delete": lambda group_id, properties: cloudfront._key_groups.pop(group_id, None),
    }
    handlers["AWS::ECS::ClusterCapacityProviderAssociations"] = {
        "create": create_capacity_providers,
        "update": lambda cluster, old, new, stack: create_capacity_providers("", new, stack),
        "delete": lambda cluster, properties: None,
    }
    wrap_handler("AWS::ApiGatewayV2::Api", "create", with_camel_case_cors)
    wrap_handler("AWS::ApiGatewayV2::Api", "update", with_camel_case_cors_on_update)
    wrap(provisioners, "_normalize_container_defs", with_secrets)
    wrap(provisioners, "_sm_secret_string", with_excluded_classes)
    wrap_handler("AWS::SecretsManager::Secret", "create", with_arn_as_reference)
    wrap_handler("AWS::SecretsManager::Secret", "update", with_name_on_update)
    wrap_handler("AWS::SecretsManager::Secret", "delete", with_name_on_delete)
    wrap_handler("AWS::DynamoDB::Table", "create", with_time_to_live)
    wrap_handler("AWS::DynamoDB::Table", "update", with_time_to_live_on_update)


def wrap_handler(resource_type: str, verb: str, make: Any) -> None:
    handler = provisioners._RESOURCE_HANDLERS.get(resource_type, {})
    if verb not in handler:
        raise EngineMismatch(f"ministack has no {verb} handler for {resource_type}")
    handler[verb] = make(handler[verb])


def create_public_key(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    config = properties["PublicKeyConfig"]
    key_id = cloudfront._pk_id()
    created = responses.now_iso()
    cloudfront._public_keys[key_id] = {
        "Id": key_id,
        "ETag": responses.new_uuid(),
        "CreatedTime": created,
        "Config": {name: config.get(name, "") for name in ("CallerReference", "Name", "EncodedKey", "Comment")},
    }
    return key_id, {"Id": key_id, "CreatedTime": created}


def refuse_public_key_update(key_id: str, old: Properties, new: Properties, stack: str) -> Provisioned:
    """CloudFront cannot change a key in place (aws-cdk#15301): a new key needs a new logical id."""
    raise ValueError("Invalid request provided: AWS::CloudFront::PublicKey: the public key cannot be updated")


def create_key_group(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    return _put_key_group(cloudfront._kg_id(), properties)


def update_key_group(group_id: str, old: Properties, new: Properties, stack: str) -> Provisioned:
    return _put_key_group(group_id, new)


def _put_key_group(group_id: str, properties: Properties) -> Provisioned:
    config = properties["KeyGroupConfig"]
    modified = responses.now_iso()
    cloudfront._key_groups[group_id] = {
        "Id": group_id,
        "ETag": responses.new_uuid(),
        "LastModifiedTime": modified,
        "Config": {"Name": config["Name"], "Items": list(config["Items"]), "Comment": config.get("Comment", "")},
    }
    return group_id, {"Id": group_id, "LastModifiedTime": modified}


def create_capacity_providers(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    strategy = properties.get("DefaultCapacityProviderStrategy") or []
    ecs._put_cluster_capacity_providers(
        {
            "cluster": properties["Cluster"],
            "capacityProviders": properties.get("CapacityProviders", []),
            "defaultCapacityProviderStrategy": provisioners._pascal_to_camel(strategy),
        }
    )
    return str(properties["Cluster"]), {}


def with_camel_case_cors(original: Any) -> Any:
    def create(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        created: Provisioned = original(logical_id, _camel_case_cors(properties), stack)
        return created

    return create


def with_camel_case_cors_on_update(original: Any) -> Any:
    def update(api_id: str, old: Properties, new: Properties, stack: str, logical_id: str = "") -> Provisioned:
        updated: Provisioned = original(api_id, _camel_case_cors(old), _camel_case_cors(new), stack, logical_id)
        return updated

    return update


def _camel_case_cors(properties: Properties) -> Properties:
    """The API's own store spells the members `allowOrigins`; the template spells them `AllowOrigins`."""
    cors = properties.get("CorsConfiguration")
    return {**properties, "CorsConfiguration": provisioners._pascal_to_camel(cors)} if cors else properties


def with_secrets(original: Any) -> Any:
    """The members of a container's `Secrets` keep their template spelling, which RunTask does not read."""

    def normalize(definitions: list[Properties]) -> list[dict[str, Any]]:
        containers: list[dict[str, Any]] = original(definitions)
        for container in containers:
            if "secrets" in container:
                container["secrets"] = provisioners._pascal_to_camel(container["secrets"])
        return containers

    return normalize


EXCLUDED_CLASSES = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
}


def with_excluded_classes(original: Any) -> Any:
    """ministack knows ExcludeCharacters alone."""

    def secret_string(properties: Properties) -> str:
        generate = properties.get("GenerateSecretString")
        if generate:
            classes = [text for name, text in EXCLUDED_CLASSES.items() if str(generate.get(name)).lower() == "true"]
            excluded = "".join([generate.get("ExcludeCharacters", ""), *classes])
            properties = {**properties, "GenerateSecretString": {**generate, "ExcludeCharacters": excluded}}
        return str(original(properties))

    return secret_string


def with_arn_as_reference(original: Any) -> Any:
    """`Ref` of a secret is its ARN, not its name; a secret declared without a value has none, not an empty one."""

    def create(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name, attributes = original(logical_id, properties, stack)
        if not {"SecretString", "GenerateSecretString"} & properties.keys():
            secretsmanager._secrets[name]["Versions"].clear()
        return str(attributes["Arn"]), attributes

    return create


def with_name_on_update(original: Any) -> Any:
    def update(arn: str, old: Properties, new: Properties, stack: str, logical_id: str = "") -> Provisioned:
        _, attributes = original(_secret_name(arn), old, new, stack, logical_id)
        return str(attributes["Arn"]), attributes

    return update


def with_name_on_delete(original: Any) -> Any:
    def delete(arn: str, properties: Properties) -> None:
        original(_secret_name(arn), properties)

    return delete


def _secret_name(arn: str) -> str:
    return arn.split(":secret:")[-1].rsplit("-", 1)[0]


def with_time_to_live(original: Any) -> Any:
    def create(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        created: Provisioned = original(logical_id, properties, stack)
        _set_time_to_live(created[0], properties)
        return created

    return create


def with_time_to_live_on_update(original: Any) -> Any:
    def update(table: str, old: Properties, new: Properties, stack: str, logical_id: str = "") -> Provisioned:
        updated: Provisioned = original(table, old, new, stack, logical_id)
        _set_time_to_live(updated[0], new)
        return updated

    return update


def _set_time_to_live(table: str, properties: Properties) -> None:
    specification = properties.get("TimeToLiveSpecification")
    if specification:
        enabled = str(specification["Enabled"]).lower() == "true"
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": {**specification, "Enabled": enabled}})
