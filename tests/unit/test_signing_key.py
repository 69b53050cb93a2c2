"""The custom resource of a signing key: one pair per secret for ever, and only its public half leaves."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from moto import mock_aws

from functions.signing_key import handler
from sluice import bootstrap
from sluice.adapters.signing_key_secret import SecretsManagerSigningKeys
from sluice.adapters.signing_secret import private_key
from sluice.adapters.stack_response import send_response
from sluice.service.signing_keys import KeyRequest, settle_signing_key


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("secretsmanager")


@pytest.fixture
def secret_arn(client: Any) -> str:
    arn: str = client.create_secret(Name="slot-a")["ARN"]  # no value, as AWS::SecretsManager::Secret without one
    return arn


def request(kind: str, secret_arn: str) -> KeyRequest:
    return KeyRequest.model_validate(
        {"RequestType": kind, "ResourceProperties": {"SecretArn": secret_arn, "Generation": "1", "ServiceToken": "arn"}}
    )


def settle(kind: str, client: Any, secret_arn: str) -> dict[str, str]:
    return settle_signing_key(request(kind, secret_arn), secrets=SecretsManagerSigningKeys(client))


def stored(client: Any, secret_arn: str) -> str:
    value: str = client.get_secret_value(SecretId=secret_arn)["SecretString"]
    return value


def test_create_stores_a_p256_pair_and_tells_its_public_half(client: Any, secret_arn: str) -> None:
    told = settle("Create", client, secret_arn)
    public = load_pem_public_key(told["PublicKeyPem"].encode())
    assert isinstance(public, EllipticCurvePublicKey)
    assert isinstance(public.curve, SECP256R1)
    assert told["Generation"] == "1"
    own = private_key(stored(client, secret_arn)).public_key()
    assert own.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() == told["PublicKeyPem"]
    assert "PRIVATE" not in json.dumps(told)


@pytest.mark.parametrize("again", ["Create", "Update"])
def test_a_pair_that_exists_is_kept(client: Any, secret_arn: str, again: str) -> None:
    first = settle("Create", client, secret_arn)
    before = stored(client, secret_arn)
    assert settle(again, client, secret_arn) == first
    assert stored(client, secret_arn) == before


def test_an_update_makes_the_pair_that_a_failed_create_did_not(client: Any, secret_arn: str) -> None:
    assert "BEGIN PUBLIC KEY" in settle("Update", client, secret_arn)["PublicKeyPem"]


def test_delete_touches_nothing(client: Any, secret_arn: str) -> None:
    settle("Create", client, secret_arn)
    before = stored(client, secret_arn)
    assert settle("Delete", client, secret_arn) == {}
    assert stored(client, secret_arn) == before


def test_two_that_race_tell_the_same_key(client: Any, secret_arn: str) -> None:
    """Both saw an empty secret; the second write is refused and the first pair is told."""
    secrets = SecretsManagerSigningKeys(client)
    first, second = (secrets.generate(secret_arn, 1) for _ in range(2))
    assert first == second == secrets.public_key(secret_arn)


class Receiver(HTTPServer):
    answers: list[tuple[str | None, dict[str, Any]]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Put(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # noqa: N802 - the name http.server calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.answers.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = Receiver(("127.0.0.1", 0), Put)
    server.answers = []
    with ThreadPoolExecutor(1) as threads:
        threads.submit(server.serve_forever, 0.01)
        yield server
        server.shutdown()
    server.server_close()


@pytest.fixture
def deployed(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler with its real dependencies, wired to the secrets of this test."""
    wired = bootstrap.SigningKey(secrets=SecretsManagerSigningKeys(client), respond=send_response)
    monkeypatch.setattr(handler, "deps", lambda: wired)


def event(receiver: Receiver, secret_arn: str, **changes: str) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": f"http://127.0.0.1:{receiver.server_port}/answer?X-Amz-Signature=1",
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/sluice-dev-delivery/1",
        "RequestId": "r-1",
        "LogicalResourceId": "SigningKeysPairA1",
        "ResourceProperties": {"SecretArn": secret_arn, "Generation": "1"},
        **changes,
    }


@pytest.mark.usefixtures("deployed")
def test_the_handler_answers_cloudformation(receiver: Receiver, secret_arn: str) -> None:
    handler.lambda_handler(event(receiver, secret_arn), None)
    [(content_type, answer)] = receiver.answers
    assert not content_type  # S3 signed the URL without one
    assert answer["Status"] == "SUCCESS"
    assert (answer["RequestId"], answer["LogicalResourceId"]) == ("r-1", "SigningKeysPairA1")
    assert answer["Data"]["PublicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")


@pytest.mark.usefixtures("deployed")
def test_the_physical_id_is_stable(receiver: Receiver, secret_arn: str) -> None:
    handler.lambda_handler(event(receiver, secret_arn), None)
    made = receiver.answers[0][1]["PhysicalResourceId"]
    handler.lambda_handler(event(receiver, secret_arn, RequestType="Update", PhysicalResourceId=made), None)
    assert receiver.answers[1][1]["PhysicalResourceId"] == made


@pytest.mark.usefixtures("deployed")
def test_a_failure_is_told_and_not_left_to_the_timeout(receiver: Receiver, secret_arn: str) -> None:
    unknown = secret_arn.replace("slot-a", "slot-x")
    handler.lambda_handler(event(receiver, unknown), None)
    [(_, answer)] = receiver.answers
    assert answer["Status"] == "FAILED"
    assert "log" in answer["Reason"]


@pytest.mark.usefixtures("deployed")
def test_no_private_half_is_logged(receiver: Receiver, secret_arn: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        handler.lambda_handler(event(receiver, secret_arn), None)
    assert caplog.records
    assert "PRIVATE" not in caplog.text
    assert "PRIVATE" not in json.dumps(receiver.answers)
