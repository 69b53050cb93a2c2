"""Checksums of multipart uploads as S3 keeps them: of the whole object where the upload asks for that.

ministack knows the composite kind alone, reads each byte in Python, and takes a part's checksum of any algorithm.
S3: docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
"""

import base64
import contextvars
import importlib
import re
from collections.abc import Callable
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

s3 = engine_module(
    "services.s3",
    "_S3_CHECKSUM_HEADERS",
    "_complete_multipart_upload",
    "_composite_checksum",
    "_crc32c",
    "_crc64nvme",
    "_create_multipart_upload",
    "_error",
    "_multipart_uploads",
    "_object_response_headers",
    "_qp",
    "_upload_part",
)

checksums: Any = importlib.import_module("awscrt.checksums")  # of the engine's environment alone

Answer = tuple[int, dict[str, str], bytes]

FULL = "FULL_OBJECT"
TYPE = "_sluice_checksum_type"  # on the record of a multipart upload
CRCS: dict[str, tuple[Callable[[bytes, int], int], int]] = {
    "CRC64NVME": (checksums.crc64nvme, 8),
    "CRC32C": (checksums.crc32c, 4),
}
"""(bytes, CRC of what came before them) -> CRC, and the CRC's own length."""
WHOLE: contextvars.ContextVar[str | None] = contextvars.ContextVar("whole_object", default=None)
"""The checksum of all parts together, while an upload with a full-object checksum is being completed."""


def install() -> None:
    s3._crc64nvme = checksums.crc64nvme
    s3._crc32c = checksums.crc32c
    wrap(s3, "_create_multipart_upload", with_checksum_type)
    wrap(s3, "_upload_part", with_the_upload_s_algorithm)
    wrap(s3, "_composite_checksum", or_of_the_whole_object)
    wrap(s3, "_complete_multipart_upload", with_full_object_checksum)
    wrap(s3, "_object_response_headers", with_true_checksum_type)


def with_checksum_type(original: Any) -> Any:
    """CRC64NVME has the full-object kind alone, CRC32C has both. (CRC32, which we do not use, stays composite.)"""

    def create(bucket: str, key: str, headers: dict[str, str]) -> Answer:
        status, answered, body = original(bucket, key, headers)
        algorithm = answered.get("x-amz-checksum-algorithm")
        if algorithm == "CRC64NVME" or (algorithm in CRCS and headers.get("x-amz-checksum-type") == FULL):
            [upload_id] = re.findall(rb"<UploadId>(.+)</UploadId>", body)
            s3._multipart_uploads[upload_id.decode()][TYPE] = FULL
            answered = {**answered, "x-amz-checksum-type": FULL}
        return status, answered, body

    return create


def with_the_upload_s_algorithm(original: Any) -> Any:
    def upload_part(bucket: str, key: str, body: bytes, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        expected = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {}).get("checksum_algorithm")
        sent = [name for name in s3._S3_CHECKSUM_HEADERS if f"x-amz-checksum-{name}" in headers]
        if expected and sent not in ([], [expected.lower()]):
            message = "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}"
            refused: Answer = s3._error("InvalidRequest", message.format(expected.lower(), sent[0]), 400)
            return refused
        answer: Answer = original(bucket, key, body, query, headers)
        return answer

    return upload_part


def or_of_the_whole_object(original: Any) -> Any:
    return lambda algorithm, part_checksums: WHOLE.get() or original(algorithm, part_checksums)


def with_full_object_checksum(original: Any) -> Any:
    def complete(
        bucket: str, key: str, body: bytes, query: dict[str, list[str]], headers: dict[str, str] | None = None
    ) -> Answer:
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {})
        if TYPE not in upload:
            answer: Answer = original(bucket, key, body, query, headers)
            return answer
        algorithm, asked = upload["checksum_algorithm"], headers or {}
        if f"x-amz-checksum-{algorithm.lower()}" in asked and asked.get("x-amz-checksum-type") != FULL:
            # without the type, S3 takes the value for a composite one
            message = f"The {algorithm.lower()} you specified did not match the calculated checksum."
            refused: Answer = s3._error("BadDigest", message, 400)
            return refused
        named = sorted(int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body))
        parts = [upload["parts"][number]["body"] for number in named if number in upload["parts"]]
        token = WHOLE.set(full_object_checksum(algorithm, parts))
        try:
            status, answered, told = original(bucket, key, body, query, headers)
        finally:
            WHOLE.reset(token)
        return status, answered, told.replace(b"<ChecksumType>COMPOSITE<", f"<ChecksumType>{FULL}<".encode())

    return complete


def full_object_checksum(algorithm: str, parts: list[bytes]) -> str:
    crc_of, length = CRCS[algorithm]
    crc = 0
    for part in parts:
        crc = crc_of(part, crc)
    return base64.b64encode(crc.to_bytes(length, "big")).decode()


def with_true_checksum_type(original: Any) -> Any:
    """A composite checksum ends in a hyphen and the number of parts; base64 has no hyphen."""

    def response_headers(*arguments: Any, **options: Any) -> dict[str, str]:
        headers: dict[str, str] = original(*arguments, **options)
        if "x-amz-checksum-type" in headers:
            values = [headers.get(f"x-amz-checksum-{name}", "") for name in s3._S3_CHECKSUM_HEADERS]
            headers["x-amz-checksum-type"] = "COMPOSITE" if any("-" in value for value in values) else FULL
        return headers

    return response_headers
