"""Origins of pages."""

import pytest

from sluice.domain.origins import normal_origin


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("HTTPS://APP.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_origins_become_what_a_browser_sends(written: str, sent: str) -> None:
    assert normal_origin(written) == sent
    assert normal_origin(sent) == sent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://app.example.com/page",
        "https://app.example.com?x",
        "https://app.example.com#x",
        "https://user@app.example.com",
        "https://*.example.com",
        "https://app.example.com:0",
        "https://app.example.com:65536",
        "https://app.example.com:080",
        "https://app..example.com",
        "https://.example.com",
        "https://-app.example.com",
        "https://bücher.example",
        "https://app.example.com\n",
        " https://app.example.com",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 200 + "example",
    ],
)
def test_what_is_no_origin(text: str) -> None:
    assert normal_origin(text) is None
