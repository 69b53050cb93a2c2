"""Refused viewers in memory; passes the same contract suite as DynamoDB's."""

from sluice import table
from sluice.domain.denials import Denial
from sluice.domain.models import PlaybackLookup
from tests.fakes.records import FakeRecords


class FakeDenials:
    def __init__(self, records: FakeRecords) -> None:
        self._records = records

    def playback(self, playback_id: str) -> PlaybackLookup | None:
        return self._records.playback(playback_id)

    def add(self, denial: Denial) -> None:
        minute = denial.minute.strftime("%Y-%m-%dT%H:%M")
        key = table.asset_denial(denial.tenant_id, denial.asset_id, minute, denial.reason)
        before = self._records.rows.get(key)
        if isinstance(before, Denial):
            count, session_id = before.count + denial.count, denial.session_id or before.session_id
            denial = denial.model_copy(update={"count": count, "session_id": session_id})
        self._records.rows[key] = denial
