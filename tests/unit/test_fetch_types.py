"""Which media type a fetched file is given, and which ones a policy takes."""

import pytest

from sluice.domain.intake import IntakeRules
from sluice.service.fetching import Ending
from tests.unit.fetch_world import FetchWorld, film


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("video/webm; codecs=vp9", "video/webm"),
        ("Audio/MPEG", "audio/mpeg"),
        ("text/html", "application/octet-stream"),
        ("video/", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_what_is_kept(declared: str | None, kept: str) -> None:
    world = FetchWorld(film(1))
    world.web.file.content_type = declared
    world.run()
    assert world.upload.content_type == kept


@pytest.mark.parametrize(
    ("declared", "taken"),
    [
        ("video/mp4", True),
        ("video/webm", False),
        ("audio/ogg", True),
        ("text/html", False),
        ("application/octet-stream", True),
        ("binary/octet-stream", True),
        (None, True),
    ],
)
def test_what_the_policy_takes(declared: str | None, taken: bool) -> None:
    world = FetchWorld(film(1), rules=IntakeRules(allowed_types=("video/mp4", "audio/*")))
    world.web.file.content_type = declared
    if taken:
        assert world.run() is Ending.FETCHED
    else:
        assert world.run() is Ending.REFUSED
        world.assert_refused("content_type_not_allowed")
