"""Files that are no video, or not all of one: failed at once, with a typed error, and never tried again."""

from pathlib import Path

import pytest

from tests.e2e.customer import Customer, states, types
from tests.e2e.stacks import Stacks

pytestmark = pytest.mark.e2e


def text_file(folder: Path, film: Path) -> Path:
    path = folder / "renamed.mp4"
    path.write_text("#!/bin/sh\n" + "This is not a film.\n" * 200)
    return path


def truncated_file(folder: Path, film: Path) -> Path:
    path = folder / "truncated.mp4"
    path.write_bytes(film.read_bytes()[:-100_000])  # the index stands at the end
    return path


@pytest.mark.parametrize("make_file", [text_file, truncated_file])
def test_it_fails_with_a_typed_error(
    customer: Customer, stacks: Stacks, clips: dict[str, Path], tmp_path: Path, make_file: object
) -> None:
    assert callable(make_file)
    slot = customer.upload(make_file(tmp_path, clips["film"]))
    history = customer.history(slot)
    assert states(history) == ["created", "ingesting", "uploaded", "processing", "failed"]
    assert all(one.verified for one in history)
    assert (history[-1].type, types(history).count("error.processing")) == ("error.processing", 1)
    asset = customer.asset(slot)
    told = history[-1].event["data"]["error"]
    assert asset["error"] == told
    assert (told["class"], told["retryable"]) == ("input", False)
    assert told["code"] in ("input.not_video", "input.corrupt")
    assert (asset["playable"], asset["active_version"]) == (False, None)
    job = customer.job(asset["job_id"])
    assert (job["state"], job["attempt"], job["error"]) == ("failed", 1, told)
    assert len(stacks.tasks(asset["job_id"])) == 1
    assert stacks.stored("MediaBucket", f"media/{customer.tenant_id}/") == []
    refused = customer.api.request("POST", "/v1/playback-sessions", {"playback_id": slot["playback_id"]})
    assert refused.status == 409
