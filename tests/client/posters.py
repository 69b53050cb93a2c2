"""Thumbnails of the fake cloud, each ready when it is looked at for the second time."""

from typing import Any

from tests.client.server import Answer, Refused
from tests.client.views import thumbnail_view


class Posters:
    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}
        self.sent: dict[str, bytes] = {}
        self.looks: dict[str, int] = {}
        self.ends = "ready"
        self.shown: str | None = None

    def answer(self, method: str, path: list[str], body: dict[str, Any], url: str) -> Answer:
        asset_id, _, *rest = path
        match (method, *rest):
            case ("POST",):
                made = f"thm_{len(self.asked) + 1}"
                self.asked[made], self.looks[made] = body, 0
                headers = {"content-type": body.get("content_type")}
                place = {"url": f"{url}/pictures/{made}?X-Amz-Signature=secret", "headers": headers, "expires_at": "-"}
                return 201, self._view(asset_id, made) | {"upload": place if "size_bytes" in body else None}, {}
            case ("GET",):
                return 200, {"data": [self._view(asset_id, one) for one in self.asked], "next_cursor": None}, {}
            case ("GET", made) if made in self.asked:
                self.looks[made] += 1
                return 200, self._view(asset_id, made), {}
            case ("DELETE", made) if made in self.asked:
                del self.asked[made]
                self.shown = None
                return 204, None, {}
        raise Refused(404, "thumbnail_not_found")

    def put(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        made = path.rpartition("/")[2]
        asked = self.asked[made]
        signed = (headers.get("content-type"), len(body)) == (asked["content_type"], asked["size_bytes"])
        if not signed or "authorization" in headers:
            return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", {}
        self.sent[made] = body
        return 200, b"", {}

    def _view(self, asset_id: str, made: str) -> dict[str, Any]:
        ended = self.looks[made] > 1
        self.shown = made if ended and self.ends == "ready" else self.shown
        return thumbnail_view(made, asset_id, self.ends if ended else "pending", self.asked[made].get("time_s"))
