"""Origins of web pages, as browsers write them in the header `Origin`."""

import re

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,30})://"
    r"(?P<host>(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]{2,45}\])"
    r"(:(?P<port>[1-9][0-9]{0,4}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
LONGEST = 300


def normal_origin(text: str) -> str | None:
    """In lower case, without its scheme's own port: what a browser sends. None if `text` is no origin."""
    found = _ORIGIN.fullmatch(text.lower()) if len(text) <= LONGEST and text.isascii() else None
    if found is None or int(found["port"] or 0) > 65_535:
        return None
    port = found["port"]
    plain = f"{found['scheme']}://{found['host']}"
    return plain if port is None or _DEFAULT_PORTS.get(found["scheme"]) == port else f"{plain}:{port}"
