"""What uploads, their intake policies and their encoding profiles are refused for."""

from sluice.domain.errors import Conflict, Forbidden, InvalidRequest, NotFound


class UploadNotFound(NotFound):
    code = "upload_not_found"
    message = "There is no such upload."


class IntakePolicyNotFound(NotFound):
    code = "intake_policy_not_found"
    message = "There is no such intake policy."


class UploadClosed(Conflict):
    code = "upload_closed"
    message = "The upload is no longer open."


class UploadExpired(Conflict):
    code = "upload_expired"
    message = "The upload has expired; create a new one."


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    message = "Some parts have not been stored yet."


class UploadSizeMismatch(Conflict):
    code = "upload_size_mismatch"
    message = "The stored parts do not add up to the declared size."


class UploadChecksumMismatch(Conflict):
    code = "upload_checksum_mismatch"
    message = "The stored bytes do not have the declared checksum."


class UploadIsFetched(Conflict):
    code = "upload_is_fetched"
    message = "This upload is fetched from a URL; its parts cannot be sent."


class UploadTooLarge(InvalidRequest):
    code = "upload_too_large"
    message = "The file is larger than what is taken."


class UploadTooLong(InvalidRequest):
    code = "upload_too_long"
    message = "The video is longer than its intake policy allows."


class ContentTypeNotAllowed(InvalidRequest):
    code = "content_type_not_allowed"
    message = "The intake policy does not take files of this type."


class MetadataNotAllowed(InvalidRequest):
    code = "metadata_not_allowed"
    message = "The metadata is not what the intake policy asks for."


class InvalidMetadataSchema(InvalidRequest):
    code = "invalid_metadata_schema"
    message = "The metadata schema is not a JSON Schema that can be used here."


class PartOutOfRange(InvalidRequest):
    code = "part_out_of_range"
    message = "A part number is outside the parts of this upload."


class PartChecksumMissing(InvalidRequest):
    code = "part_checksum_missing"
    message = "An upload with a CRC32C needs the CRC32C of every part that is signed."


class OriginNotAllowed(Forbidden):
    code = "origin_not_allowed"
    message = "The intake policy does not take uploads from pages of this origin."


class QuotaExceeded(Conflict):
    code = "quota_exceeded"
    message = "Too many uploads, or too many bytes, are open at once."


class UploadDuplicate(Conflict):
    code = "upload_duplicate"
    message = "This file was uploaded before."


class IntakePolicyLimitReached(Conflict):
    code = "intake_policy_limit_reached"
    message = "A tenant can have at most 100 intake policies."


class ReviewNotAsked(Conflict):
    code = "review_not_asked"
    message = "The asset's intake policy asks for no review."


class EncodingProfileNotFound(NotFound):
    code = "encoding_profile_not_found"
    message = "There is no such encoding profile, or no such version of it."


class EncodingProfileArchived(Conflict):
    code = "encoding_profile_archived"
    message = "The encoding profile is archived: what has it keeps it, and nothing new can have it."


class EncodingProfileLimitReached(Conflict):
    code = "encoding_profile_limit_reached"
    message = "A tenant can have at most 100 encoding profiles that are not archived."
