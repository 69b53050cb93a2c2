"""Sources that may be fetched, by the text of their URL alone; remembers which names were looked up."""

from collections.abc import Mapping

from sluice.domain.errors import UrlNotAllowed


class FakeIngestSources:
    def __init__(self) -> None:
        self.resolved: list[str] = []

    def check(self, url: str, headers: Mapping[str, str], *, resolve: bool) -> None:
        if not url.startswith("https://"):
            raise UrlNotAllowed()
        if resolve:
            self.resolved.append(url)
