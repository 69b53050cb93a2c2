"""Why a file behind a URL could not be read. All are about the caller's source; `retryable`: asking again may help.

No message names the URL: it may hold a token. A URL that we do not call at all is `UrlNotAllowed`.
"""

from sluice.domain.errors import InvalidRequest


class SourceHeaderNotAllowed(InvalidRequest):
    code = "source_header_not_allowed"
    message = "A header for the source is malformed, doubled or one that we set."


class SourceUnreachable(InvalidRequest):
    code = "source_unreachable"
    message = "The source could not be reached."
    retryable = True


class SourceRefused(InvalidRequest):
    """Nobody's retry helps: 401, 403, 404 and their like."""

    code = "source_refused"
    message = "The source answered with an HTTP error."

    def __init__(self, status: int) -> None:
        super().__init__(f"The source answered with HTTP status {status}.")
        self.status = status


class SourceUnavailable(SourceRefused):
    """408, 425, 429 and 5xx."""

    code = "source_unavailable"
    message = "The source answered that it cannot serve the file now."
    retryable = True


class SourceTooManyRedirects(InvalidRequest):
    code = "source_too_many_redirects"
    message = "The source redirects more than 3 times."


class SourceChanged(InvalidRequest):
    code = "source_changed"
    message = "The file changed at its source while it was being read."


class SourceBadAnswer(InvalidRequest):
    code = "source_bad_answer"
    message = "The source does not speak HTTP as we need it."


class SourceTooSlow(InvalidRequest):
    """Below the least rate for as long as we wait; a source that says nothing at all is `SourceStalled`."""

    code = "source_too_slow"
    message = "The source sends too slowly."


class SourceInterrupted(InvalidRequest):
    """The rest can be asked for from where it ended."""

    code = "source_interrupted"
    message = "The source ended the connection before the end of the file."
    retryable = True


class SourceStalled(SourceInterrupted):
    code = "source_stalled"
    message = "The source sent nothing for too long."


class SourceEmpty(InvalidRequest):
    code = "source_empty"
    message = "The file has no bytes."
