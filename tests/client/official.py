"""The official Standard Webhooks libraries of PyPI and npm behind one face."""

import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.link_node import NODE_BIN

SCRIPT = Path(__file__).parent / "standard_webhooks.mjs"
Signs = Callable[[str, str, int, str], str]  # secret, id, seconds, body -> one signature
Accepts = Callable[[str, Mapping[str, str], str], bool]  # secret, headers, body


def pypi_signs(secret: str, message_id: str, seconds: int, body: str) -> str:
    return str(Webhook(secret).sign(message_id, datetime.fromtimestamp(seconds, UTC), body))


def pypi_accepts(secret: str, headers: Mapping[str, str], body: str) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


def npm_signs(secret: str, message_id: str, seconds: int, body: str) -> str:
    return str(_npm(secret=secret, id=message_id, timestamp=seconds, body=body)["done"])


def npm_accepts(secret: str, headers: Mapping[str, str], body: str) -> bool:
    return "done" in _npm(secret=secret, headers=dict(headers), body=body)


def _npm(**line: Any) -> dict[str, Any]:
    command, sent = [NODE_BIN / "node", SCRIPT], json.dumps(line)
    ended = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=120, check=True)
    return dict(json.loads(ended.stdout))
