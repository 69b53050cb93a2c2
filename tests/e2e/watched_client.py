"""`sluice`, with every part that it begins to send written down: `WATCHED` names the file."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

from sluice_client.cli import main


class WatchedPool(urllib3.PoolManager):
    def request(self, method: str, url: str, *args: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        if method == "PUT":
            with Path(os.environ["WATCHED"]).open("a") as file:
                print(parse_qs(urlsplit(url).query)["partNumber"][0], file=file)
        return super().request(method, url, *args, **options)


if __name__ == "__main__":
    urllib3.PoolManager = WatchedPool  # type: ignore[misc]
    raise SystemExit(main())
