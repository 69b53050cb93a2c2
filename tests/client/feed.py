"""`GET /v1/events` of the fake cloud, written with odd spaces: whoever writes the events again changes their bytes."""

import json
from fnmatch import fnmatchcase
from threading import Condition
from typing import Any

from tests.client.views import MOMENT

DEADLINE_S = 60.0  # generous: shared machines pause
LONGEST_WAIT_S = 0.5  # an answer without events is one that the API gives too; a client that has gone is noticed soon


def event_body(number: int, kind: str = "transcode.ready", asset_id: str = "ast_1") -> str:
    """Its escapes, spaces and digits are not those that Python would write."""
    data = f'{{"asset_id":"{asset_id}", "title":"\\u00c9té \\/ [1,2]}}", "fps":25.00}}'
    return (
        f'{{"id":"evt_{number}","type":"{kind}","timestamp":"{MOMENT}","tenant_id":"ten_1",'
        f'"sequence":{number},"correlation_id":null,"data":{data}}}'
    )


class Feed:
    def __init__(self) -> None:
        self.queries: list[dict[str, str]] = []
        self._bodies: list[str] = []
        self._changed = Condition()

    def append(self, *bodies: str) -> None:
        with self._changed:
            self._bodies += bodies
            self._changed.notify_all()

    def wait_until_asked(self, after: str) -> None:
        """The client has worked off what is before."""
        with self._changed:
            asked = self._changed.wait_for(lambda: any(one.get("after") == after for one in self.queries), DEADLINE_S)
        assert asked, self.queries

    def answer(self, query: dict[str, list[str]]) -> tuple[int, bytes, dict[str, str]]:
        asked = {name: values[0] for name, values in query.items()}
        with self._changed:
            self.queries.append(asked)
            self._changed.notify_all()
            start = self._start(asked.get("after"))
            wait_s = min(LONGEST_WAIT_S, int(asked["wait_s"]))
            self._changed.wait_for(lambda: self._found(asked, start)[0], timeout=wait_s)
            bodies, end = self._found(asked, start)
            more = json.dumps(end < len(self._bodies))
        listed = " ,\n ".join(bodies)
        return 200, f'{{ "next_cursor" : "cur_{end}", "data" : [ {listed} ] , "has_more": {more} }}'.encode(), {}

    def _start(self, after: str | None) -> int:
        if after == "latest":
            return len(self._bodies)
        return int(after.removeprefix("cur_")) if after else 0

    def _found(self, asked: dict[str, str], start: int) -> tuple[list[str], int]:
        found: list[str] = []
        for place, body in enumerate(self._bodies[start:], start + 1):
            if _wanted(asked, json.loads(body)):
                found.append(body)
            if len(found) == int(asked["limit"]):
                return found, place
        return found, len(self._bodies)


def _wanted(asked: dict[str, str], event: dict[str, Any]) -> bool:
    of_type = any(fnmatchcase(event["type"], one) for one in asked.get("types", "*").split(","))
    return of_type and asked.get("asset_id", event["data"]["asset_id"]) == event["data"]["asset_id"]
