"""Why a source file is refused: one class per typed verdict, each with a sentence that is safe to show to its owner.

All are the caller's data (`error_class` input): they end a job at once and are never retried.
"""

from sluice.domain.errors import ErrorClass, SluiceError


class SourceRejected(SluiceError):
    """Base of all verdicts on a source file."""

    code = "input.rejected"
    message = "The file cannot be processed."
    error_class = ErrorClass.INPUT


class NotVideo(SourceRejected):
    code = "input.not_video"
    message = "The file is not a video or audio file in a format that we know."


class NoStreams(SourceRejected):
    code = "input.no_streams"
    message = "The file has neither a picture nor a sound track."


class Corrupt(SourceRejected):
    code = "input.corrupt"
    message = "The file is damaged or was cut short."


class TooLarge(SourceRejected):
    code = "input.too_large"
    message = "The picture has more pixels than can be processed."


class TooLong(SourceRejected):
    code = "input.too_long"
    message = "The file plays longer than can be processed."


class TooComplex(SourceRejected):
    code = "input.too_complex"
    message = "The file takes too long to read."


class TimestampGap(SourceRejected):
    code = "input.timestamp_gap"
    message = "The file's timestamps jump by more than ten minutes."


class UnsupportedCodec(SourceRejected):
    code = "input.unsupported_codec"
    message = "The picture or sound is coded in a way that is not supported."


class Encrypted(SourceRejected):
    code = "input.encrypted"
    message = "The file is protected against copying, so nothing but its own player can open it."
