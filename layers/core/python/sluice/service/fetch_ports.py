"""What fetching a source on a tenant's behalf needs beside the ports of everybody (`service.ports`)."""

from collections.abc import Mapping
from typing import Protocol

from sluice.domain.upload import Upload


class Fetches(Protocol):
    """The `fetch` state machine."""

    def start(self, upload: Upload, /) -> bool:
        """True if the upload's execution runs, started now or before; False if it has ended. Idempotent by upload id.

        Raises ProviderFailure.
        """
        ...

    def running(self, upload: Upload, /) -> bool:
        """True while the upload's execution runs; False when it ended or never existed."""
        ...


class IngestSources(Protocol):
    """Which sources may be fetched at all, as far as that is known before the fetch; the fetch itself decides again."""

    def check(self, url: str, headers: Mapping[str, str], *, resolve: bool) -> None:
        """`resolve`: look the host's name up as well. Raises UrlNotAllowed or SourceHeaderNotAllowed."""
        ...
