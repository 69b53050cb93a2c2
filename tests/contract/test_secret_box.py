"""What every secret box keeps: only its tenant can open it. And what KMS's own does on the wire."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sluice.adapters.secret_box import KmsSecretBox
from sluice.service.webhook_ports import SecretBox
from tests.fakes.secret_box import FakeSecretBox

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Counting:
    """A KMS client that counts its calls."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.decrypted = 0

    def generate_data_key(self, **arguments: Any) -> Any:
        return self._client.generate_data_key(**arguments)

    def decrypt(self, **arguments: Any) -> Any:
        self.decrypted += 1
        return self._client.decrypt(**arguments)


class Time:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def kms() -> Iterator[tuple[Counting, str]]:
    with mock_aws():
        client = boto3.client("kms", region_name="eu-west-1")
        yield Counting(client), client.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture(params=["fake", "kms"])
def box(request: pytest.FixtureRequest) -> SecretBox:
    return FakeSecretBox() if request.param == "fake" else KmsSecretBox(*request.getfixturevalue("kms"))


def test_a_tenant_opens_its_own(box: SecretBox) -> None:
    stored = box.encrypt("ten_a", SECRET)
    assert SECRET not in stored
    assert box.decrypt("ten_a", stored) == SECRET


def test_another_tenant_cannot(box: SecretBox) -> None:
    stored = box.encrypt("ten_a", SECRET)
    assert box.decrypt("ten_a", stored) == SECRET  # also while the key is known
    with pytest.raises(Exception):  # noqa: B017  # KMS's error or the fake's: callers only let it pass
        box.decrypt("ten_b", stored)


def test_what_is_stored_holds_no_plain_text_and_never_repeats(kms: tuple[Counting, str]) -> None:
    box = KmsSecretBox(*kms)
    one, two = box.encrypt("ten_a", SECRET), box.encrypt("ten_a", SECRET)
    assert one != two
    assert SECRET.encode() not in b64decode(one)


def test_a_changed_byte_is_noticed(kms: tuple[Counting, str]) -> None:
    box = KmsSecretBox(*kms)
    stored = bytearray(b64decode(box.encrypt("ten_a", SECRET)))
    stored[-1] ^= 1
    with pytest.raises(Exception) as caught:
        box.decrypt("ten_a", b64encode(stored).decode())
    assert type(caught.value).__name__ == "InvalidTag"
    with pytest.raises(ValueError, match="Unknown form"):
        box.decrypt("ten_a", b64encode(b"\x02" + stored[1:]).decode())


def test_a_data_key_is_fetched_every_five_minutes(kms: tuple[Counting, str]) -> None:
    client, key = kms
    clock = Time()
    box = KmsSecretBox(client, key, clock)
    stored = box.encrypt("ten_a", SECRET)
    for _ in range(3):
        box.decrypt("ten_a", stored)
    assert client.decrypted == 1
    clock.seconds += 301
    box.decrypt("ten_a", stored)
    assert client.decrypted == 2
