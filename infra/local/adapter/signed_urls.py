"""CloudFront's check of signed URLs on behaviours with trusted key groups: canned and custom policies.

ministack serves such behaviours to everybody. Rules are those of the CloudFront Developer Guide, "Use signed URLs".
"""

import base64
import binascii
import ipaddress
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from infra.local.adapter.listeners import VIEWER_ORIGIN
from infra.local.adapter.symbols import engine_module, wrap

cloudfront = engine_module(
    "services.cloudfront",
    "_dataplane_behavior",
    "_key_groups",
    "_local_tag_name",
    "_match_behavior",
    "_public_keys",
    "handle_viewer_request",
    "parse_distribution_dataplane_config",
)

KEY_GROUPS = "_sluice_key_groups"
SIGNATURE_PARAMETERS = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})
HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}  # noqa: S303
FROM_URL_SAFE = str.maketrans("-_~", "+=/")  # CloudFront's own alphabet


class Denied(Exception):
    """A 403 of CloudFront: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def install() -> None:
    wrap(cloudfront, "_dataplane_behavior", with_key_groups)
    wrap(cloudfront, "handle_viewer_request", with_signature_check)


def with_key_groups(original: Any) -> Any:
    def behavior(element: Any, path_pattern: str | None = None) -> dict[str, Any]:
        parsed: dict[str, Any] = original(element, path_pattern)
        parsed[KEY_GROUPS] = [
            group.text
            for child in element
            if cloudfront._local_tag_name(child) == "TrustedKeyGroups"
            for group in child.iter()
            if cloudfront._local_tag_name(group) == "KeyGroup" and group.text
        ]
        return parsed

    return behavior


def with_signature_check(original: Any) -> Any:
    async def view(
        distribution: Any,
        method: str,
        path: str,
        raw_uri: str,
        raw_query: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
        client_ip: str = "127.0.0.1",
    ) -> Any:
        matched = cloudfront._match_behavior(cloudfront.parse_distribution_dataplane_config(distribution), path)
        groups = matched[KEY_GROUPS] if matched else []
        if groups and method != "OPTIONS":  # a preflight carries no signature
            origin = VIEWER_ORIGIN.get() or f"{headers.get('x-forwarded-proto', 'http')}://{headers.get('host', '')}"
            raw_query, signature = split_query(raw_query)
            query_params = {name: values for name, values in query_params.items() if name not in SIGNATURE_PARAMETERS}
            try:
                check(origin + raw_uri + (f"?{raw_query}" if raw_query else ""), signature, groups, client_ip)
            except Denied as denied:
                return _forbidden(denied)
        return await original(distribution, method, path, raw_uri, raw_query, headers, body, query_params, client_ip)

    return view


def split_query(raw_query: str) -> tuple[str, dict[str, str]]:
    """The query that reaches the origin, and CloudFront's own parameters. A repeated one is refused at the check."""
    kept = [part for part in raw_query.split("&") if part and part.partition("=")[0] not in SIGNATURE_PARAMETERS]
    own = [pair for pair in parse_qsl(raw_query, keep_blank_values=True) if pair[0] in SIGNATURE_PARAMETERS]
    signature = dict(own)
    if len(signature) != len(own):
        signature["Signature"] = ""
    return "&".join(kept), signature


def check(url: str, signature: Mapping[str, str], groups: Sequence[str], client_ip: str) -> None:
    """Raises Denied unless `url` carries a valid signature by a key of one of the groups, within its conditions."""
    key_id = signature.get("Key-Pair-Id")
    if not key_id:
        raise Denied("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
    trusted = {key for group in groups for key in (cloudfront._key_groups.get(group) or _NO_KEYS)["Config"]["Items"]}
    if key_id not in trusted:
        raise Denied("InvalidKey", "Unknown Key")
    try:
        policy = _decode(signature["Policy"]) if "Policy" in signature else canned_policy(url, signature["Expires"])
        _verify(cloudfront._public_keys[key_id]["Config"]["EncodedKey"], policy, signature)
        statement = json.loads(policy)["Statement"][0]
        allowed = _resource_matches(statement.get("Resource", "*"), url) and _conditions_hold(statement, client_ip)
    except (KeyError, ValueError, TypeError, IndexError, InvalidSignature) as error:
        raise Denied("AccessDenied", "Access denied") from error
    if not allowed:
        raise Denied("AccessDenied", "Access denied")


_NO_KEYS: Mapping[str, Any] = {"Config": {"Items": []}}


def canned_policy(url: str, expires: str) -> bytes:
    statement = {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": int(expires)}}}
    return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()


def _decode(value: str) -> bytes:
    try:
        return base64.b64decode(value.translate(FROM_URL_SAFE), validate=True)
    except binascii.Error as error:
        raise ValueError(value) from error


def _verify(pem: str, policy: bytes, signature: Mapping[str, str]) -> None:
    key = serialization.load_pem_public_key(pem.encode())
    algorithm = HASHES[signature.get("Hash-Algorithm", "SHA1")]()
    signed = _decode(signature["Signature"])
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        key.verify(signed, policy, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signed, policy, padding.PKCS1v15(), algorithm)
    else:
        raise ValueError("CloudFront takes RSA 2048 and ECDSA P-256 keys")


def _resource_matches(resource: str, url: str) -> bool:
    """`*` is any run of characters and `?` any one, slashes and question marks included."""
    pattern = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in resource)
    return re.fullmatch(pattern, url, re.DOTALL) is not None


def _conditions_hold(statement: Mapping[str, Any], client_ip: str) -> bool:
    condition = statement["Condition"]
    now = time.time()
    if now >= condition["DateLessThan"]["AWS:EpochTime"]:
        return False
    if "DateGreaterThan" in condition and now <= condition["DateGreaterThan"]["AWS:EpochTime"]:
        return False
    network = condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0")
    return ipaddress.ip_address(client_ip) in ipaddress.ip_network(network, strict=False)


def _forbidden(denied: Denied) -> tuple[int, dict[str, str], bytes]:
    error = f"<Error><Code>{denied.code}</Code><Message>{denied.message}</Message></Error>"
    headers = {"Content-Type": "text/xml", "X-Cache": "Error from cloudfront"}
    return 403, headers, f'<?xml version="1.0" encoding="UTF-8"?>{error}'.encode()
