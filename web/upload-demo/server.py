"""Serves the upload page on this machine, and holds the API key, which the browser never sees.

    SLUICE_API_URL=… SLUICE_API_KEY=… python web/upload-demo/server.py [--port N] [--transcode none]

The page asks it for two things: to reserve an upload, and for another token of one. All else it does against the API,
with the token. A real application's server does the same two things, after it has checked who is asking.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "node_modules"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}
FOR_THE_PAGE = ("upload_id", "upload_token", "upload_token_expires_at", "part_size", "part_count")
TOKEN_PATH = re.compile(r"/uploads/(upl_[0-9a-z]{26})/token")
MOST_BODY = 10_000


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]


NOWHERE = Answer(HTTPStatus.NOT_FOUND, {"detail": "There is no such page."})


class Api:
    """The two calls that need the API key."""

    def __init__(self, url: str, key: str, transcode: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._transcode = transcode

    def reserve(self, wanted: dict[str, Any]) -> Answer:
        body = {"size_bytes": wanted.get("size"), "filename": wanted.get("filename"), "transcode": self._transcode}
        if kind := wanted.get("type"):
            body["content_type"] = kind
        return self._call("/v1/uploads", body)

    def token(self, upload_id: str) -> Answer:
        return self._call(f"/v1/uploads/{upload_id}/token", {})

    def _call(self, path: str, body: dict[str, Any]) -> Answer:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection = kind(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request("POST", parts.path + path, json.dumps(body), headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            return Answer(HTTPStatus.BAD_GATEWAY, {"detail": f"The API does not answer: {error}"})
        finally:
            connection.close()
        good = answer.status < HTTPStatus.BAD_REQUEST
        return Answer(answer.status, {name: found[name] for name in FOR_THE_PAGE if name in found} if good else found)


class Page(BaseHTTPRequestHandler):
    def __init__(self, *arguments: Any, api: Api, bundles: dict[str, bytes]) -> None:
        self._api = api
        self._bundles = bundles
        super().__init__(*arguments)

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.lstrip("/") or "index.html"
        if name == "config.json":
            self._json(Answer(HTTPStatus.OK, {"api": self._api.url}))
        elif found := self._bundles.get(name) or own_file(name):
            self._send(HTTPStatus.OK, TYPES[Path(name).suffix], found)
        else:
            self._json(NOWHERE)

    def do_POST(self) -> None:
        self._json(self._posted())

    def _posted(self) -> Answer:
        size = int(self.headers.get("Content-Length") or 0)
        is_json = self.headers.get("Content-Type") == "application/json"
        if not (self._is_asked_here() and is_json and size <= MOST_BODY):
            return Answer(HTTPStatus.FORBIDDEN, {"detail": "Only this server's own page may ask."})
        try:
            wanted = dict(json.loads(self.rfile.read(size)))
        except ValueError:
            return Answer(HTTPStatus.BAD_REQUEST, {"detail": "Send a JSON object."})
        if self.path == "/uploads":
            return self._api.reserve(wanted)
        if found := TOKEN_PATH.fullmatch(self.path):
            return self._api.token(found[1])
        return NOWHERE

    def _is_asked_here(self) -> bool:
        """Another site's page in the same browser must not use the key, under any name of this machine."""
        here = f"127.0.0.1:{self.connection.getsockname()[1]}"
        return self.headers.get("Host") == here and self.headers.get("Origin") in (None, f"http://{here}")

    def _json(self, answer: Answer) -> None:
        self._send(answer.status, "application/json", json.dumps(answer.body).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: the page says what happens."""


def own_file(name: str) -> bytes | None:
    """Read each time, so that the page can be worked on."""
    names = {path.name for path in HERE.iterdir() if path.suffix in TYPES}
    return (HERE / name).read_bytes() if name in names else None


def bundle(major: str) -> bytes:
    """One Uppy as one file: its packages are not written for browsers."""
    command = [MODULES / ".bin" / "esbuild", MODULES / f"uppy-{major}" / "index.js"]
    options = ["--bundle", "--minify", "--format=esm", "--log-level=warning"]
    return subprocess.run([*command, *options], check=True, stdout=subprocess.PIPE).stdout  # noqa: S603  # our own tool


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 (the default): a free one")
    parser.add_argument("--transcode", choices=("auto", "none"), default="auto", help="none: the file is only kept")
    options = parser.parse_args(argv)
    missing = [name for name in ("SLUICE_API_URL", "SLUICE_API_KEY") if not os.environ.get(name)]
    if missing:
        print(f"set {' and '.join(missing)}", file=sys.stderr)
        return 2
    api = Api(os.environ["SLUICE_API_URL"], os.environ["SLUICE_API_KEY"], options.transcode)
    page = partial(Page, api=api, bundles={f"uppy-{major}.js": bundle(major) for major in ("5", "6")})
    with ThreadingHTTPServer(("127.0.0.1", options.port), page) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
