"""Note who was refused, so that a developer can see why a viewer cannot watch.

An attack must not become a storm of reads and writes: a process looks up, and tells of, the same reason at the same
playback id once a minute. It keeps nothing of the minutes before.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from sluice.domain.denials import Denial, DenialReason
from sluice.domain.models import PlaybackLookup

logger = logging.getLogger(__name__)

MOST = 1_000  # reasons at playback ids in a minute; what made-up ids take of it is lost to real ones


class DenialRows(Protocol):
    """A viewer waits meanwhile: both give up soon."""

    def playback(self, playback_id: str) -> PlaybackLookup | None: ...

    def add(self, denial: Denial) -> None:
        """To those of its minute, if there are any."""
        ...


class Refused(NamedTuple):
    playback_id: str
    reason: DenialReason
    request_id: str
    at: datetime


@dataclass
class DenialLog:
    rows: Callable[[], DenialRows]  # made when first asked for: most viewers are let in
    _minute: datetime | None = None
    _noted: set[tuple[str, DenialReason]] = field(default_factory=set)

    def note(self, refused: Refused, *, session_id: Callable[[], str | None]) -> None:
        """Never raises: the answer is another."""
        minute = refused.at.replace(second=0, microsecond=0)
        if self._is_new(refused, minute):
            try:
                self._add(refused, minute, session_id())
            except Exception:
                logger.warning("denial_not_noted", exc_info=True)

    def _is_new(self, refused: Refused, minute: datetime) -> bool:
        if minute != self._minute:
            self._minute, self._noted = minute, set()
        what = (refused.playback_id, refused.reason)
        if what in self._noted or len(self._noted) >= MOST:
            return False
        self._noted.add(what)
        return True

    def _add(self, refused: Refused, minute: datetime, session_id: str | None) -> None:
        lookup = self.rows().playback(refused.playback_id)
        if lookup is None:
            return
        denial = Denial(
            tenant_id=lookup.tenant_id,
            asset_id=lookup.asset_id,
            reason=refused.reason,
            minute=minute,
            last_at=refused.at,
            request_id=refused.request_id,
            session_id=session_id,
        )
        self.rows().add(denial)
