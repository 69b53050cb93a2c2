"""What docs/playback.md says of chosen posters is what the code takes, answers and refuses."""

import json
import re

from functions.api_thumbnails.models import CreatedThumbnail, CreateThumbnail
from sluice.domain import picture_errors
from sluice.domain.errors import SluiceError
from sluice.domain.thumbnail_errors import ThumbnailLimitReached, TooManyPendingThumbnails
from sluice.domain.thumbnails import MOST_BYTES, MOST_KEPT, MOST_PENDING, PATIENCE, UPLOAD_TIME
from sluice.media.thumbnails import LONG_SIDE
from sluice.media.untrusted import MAX_PIXELS
from tests.documents import REPOSITORY, rows, section

PLAYBACK = REPOSITORY / "docs" / "playback.md"
TEXT = section(PLAYBACK, "A poster of your choice")


def test_the_bodies_are_taken_and_the_answer_is_one() -> None:
    frame, picture, answer = (json.loads(found) for found in re.findall(r"```json\n(.*?)```", TEXT, re.S))
    assert CreateThumbnail.model_validate(frame).wanted().time_s == 12.5
    assert CreateThumbnail.model_validate(picture).wanted().size_bytes == 48211
    assert json.loads(CreatedThumbnail.model_validate(answer).model_dump_json(by_alias=True)) == answer


def test_the_limits_are_the_code_s() -> None:
    assert f"up to {MOST_BYTES // 10**6} MB" in TEXT
    assert f"{UPLOAD_TIME.total_seconds() / 60:.0f}\nminutes" in TEXT and PATIENCE.total_seconds() == 1800
    assert f"{LONG_SIDE} pixels long" in TEXT
    assert f"{MAX_PIXELS // 10**6} million pixels" in TEXT
    assert (
        f"At most {MOST_PENDING} thumbnails of an asset are pending" in TEXT and f"at most {MOST_KEPT} in all" in TEXT
    )
    assert MOST_PENDING == 5 and TooManyPendingThumbnails.message.startswith("Five thumbnails")
    assert f"at most {MOST_KEPT} thumbnails" in ThumbnailLimitReached.message
    assert {f"`{one.code}`" in TEXT for one in (ThumbnailLimitReached, TooManyPendingThumbnails)} == {True}


def test_every_reason_is_listed() -> None:
    errors = [one for one in vars(picture_errors).values() if isinstance(one, type) and issubclass(one, SluiceError)]
    ours = {one.code for one in errors if one.__module__ == picture_errors.__name__} - {"input.rejected"}
    assert {code.strip("`") for code, _ in rows(PLAYBACK, "A poster of your choice")} == ours
