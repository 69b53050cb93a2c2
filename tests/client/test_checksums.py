"""The checksum that is declared is the one that S3 computes."""

from base64 import b64encode
from pathlib import Path

import pytest

from sluice_client import FileChanged, PartRefused, SluiceClient, upload_file
from sluice_client.checksums import BLOCK, crc32c
from tests.client.cloud import PART, Cloud
from tests.client.server import Fault

POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected


def reference(content: bytes) -> str:
    """As RFC 3720 defines it, a byte at a time."""
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ POLYNOMIAL * (crc & 1)
        table.append(crc)
    crc = 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"123456789", "4waSgw=="),  # the check value of the catalogues, e3069283
        (bytes(32), "ipE2qg=="),  # RFC 3720 B.4, 8a9136aa
        (b"", "AAAAAA=="),
    ],
)
def test_known_values(tmp_path: Path, content: bytes, value: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert crc32c(file) == reference(content) == value


def test_a_file_of_several_blocks(tmp_path: Path) -> None:
    file, content = tmp_path / "file", bytes(range(251)) * (BLOCK // 250)
    file.write_bytes(content)
    assert len(content) > BLOCK
    assert crc32c(file) == reference(content)
    assert crc32c(file, 100, BLOCK + 7) == reference(content[100 : 100 + BLOCK + 7])


def test_an_upload_and_its_parts_carry_theirs(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    upload_file(client, film, state_path=state, checksum=True)
    assert cloud.only.joined == film.read_bytes()
    assert cloud.only.request["checksum"] == {"algorithm": "crc32c", "value": reference(film.read_bytes())}
    assert cloud.only.checksums[2] == reference(film.read_bytes()[PART : 2 * PART])
    assert cloud.only.checksums.keys() == set(range(1, 10))


def test_without_one_none_is_sent(client: SluiceClient, cloud: Cloud, film: Path, state: Path) -> None:
    upload_file(client, film, state_path=state)
    assert "checksum" not in cloud.only.request
    assert cloud.only.checksums == {}


@pytest.mark.parametrize("begun", [True, False])
def test_resumed_it_is_as_it_was_begun(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path, begun: bool
) -> None:
    cloud.faults = [Fault("PUT .*/5", status=400)]
    with pytest.raises(PartRefused):
        upload_file(client, film, state_path=state, checksum=begun)
    done = upload_file(client, film, state_path=state, checksum=not begun)
    assert done.resumed
    assert cloud.only.joined == film.read_bytes()
    assert bool(cloud.only.checksums) == begun


def test_a_part_that_was_damaged_on_the_way_is_sent_again(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    cloud.faults = [Fault("PUT .*/5", status=400, body=b"<Error><Code>BadDigest</Code></Error>")]
    upload_file(client, film, state_path=state, checksum=True)
    assert cloud.only.joined == film.read_bytes()
    assert cloud.count("PUT .*/5") == 2


def test_a_file_that_changes_in_between_is_not_joined(
    client: SluiceClient, cloud: Cloud, film: Path, state: Path
) -> None:
    content = bytearray(film.read_bytes())
    content[7 * PART] ^= 1

    def change(line: str) -> None:
        if line.endswith("/uploads"):
            film.write_bytes(content)

    cloud.before_answer = change
    with pytest.raises(FileChanged):
        upload_file(client, film, state_path=state, checksum=True)
    assert cloud.only.joined is None
