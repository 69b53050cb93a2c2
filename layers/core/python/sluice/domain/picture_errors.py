"""Why the picture of a thumbnail could not be made: told in the thumbnail and in its event, never as an answer."""

from sluice.domain.errors import ErrorClass, SluiceError


class PictureRejected(SluiceError):
    """Base of all verdicts on a picture: the caller's data, never tried again."""

    code = "input.rejected"
    message = "The picture cannot be used."
    error_class = ErrorClass.INPUT


class NotPicture(PictureRejected):
    code = "input.not_picture"
    message = "The file is not a JPEG picture that can be read."


class PictureTooLarge(PictureRejected):
    code = "input.picture_too_large"
    message = "The picture has more pixels than can be processed."


class PictureTooComplex(PictureRejected):
    code = "input.picture_too_complex"
    message = "The picture takes too much time or memory to read."


class PictureNotSent(PictureRejected):
    code = "input.picture_not_sent"
    message = "The picture was not sent in time; make another thumbnail."


class NoFrame(PictureRejected):
    code = "input.no_frame"
    message = "There is no frame at this time that can be read."


class ThumbnailTimedOut(SluiceError):
    code = "thumbnail.timed_out"
    message = "The picture could not be made in time; make another thumbnail."
