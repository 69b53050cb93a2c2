"""A standard source plays before its task is done, any other takes the task alone; and what the fast lane may reach."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.demo.playing import Player, decode
from sluice.adapters.scoped_storage import ScopedStorage
from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Job
from tests.contract.engine.sessions import assumed
from tests.e2e.customer import Customer, types
from tests.e2e.film import Film
from tests.e2e.stacks import PREFIX, Stacks
from tests.e2e.test_permissions import without
from tests.e2e.waiting import eventually
from tests.media.clips import Clip, make

pytestmark = pytest.mark.e2e

LAMBDA_LIMIT_BYTES = 250_000_000  # of code and layers, unzipped
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
# Segments below the cap of its rendition.
SECONDS = 13
STANDARD = Clip(size="854x480", seconds=SECONDS, video=(*X264, "-g", "50", "-maxrate", "1200k", "-bufsize", "1200k"))
NOT_STANDARD = Clip(size="320x240", seconds=2, video=("-c:v", "mpeg4"))


def test_a_standard_clip_plays_before_it_is_ready(
    customer: Customer, stacks: Stacks, player: Player, tmp_path: Path
) -> None:
    source = make(STANDARD, tmp_path)
    slot = customer.upload(source)
    asset_id, job_id = slot["asset_id"], customer.job_id(slot)
    task = eventually(lambda: stacks.running_task(job_id, 1), "its task")
    with task.paused():
        eventually(lambda: "asset.playable" in types(customer.receiver.wait(asset_id, 0, 0.1)), "asset.playable")
        early = customer.asset(slot)
        played_s = pytest.approx(SECONDS, abs=0.1)
        assert (early["state"], early["playable"], early["duration_s"]) == ("processing", True, played_s)
        session = customer.api.call("POST", "/v1/playback-sessions", {"playback_id": slot["playback_id"]})
        [variant] = player.variants(session["hls_url"])
        assert variant.height == 480

        played = tmp_path / "played.mp4"
        player.download(player.media_urls(variant.url), played, lambda _done: None)
        result, original = decode(played), decode(source)
        assert result is not None and original is not None
        assert (result.count, result.monotonic) == (original.count, True)

    told = types(customer.history(slot))
    assert told.index("asset.playable") < told.index("transcode.ready")
    assert told.count("asset.playable") == 1
    versions = {version.early: version for version in stacks.versions(customer.tenant_id, asset_id)}
    assert versions[True].id == early["active_version"]
    assert versions[False].id == customer.asset(slot)["active_version"]
    after = customer.api.call("POST", "/v1/playback-sessions", {"playback_id": slot["playback_id"]})
    assert [one.height for one in player.variants(after["hls_url"])] == [480, 360, 240]
    assert player.fetch(variant.url).startswith(b"#EXTM3U")  # who began with the early version goes on with it


def test_another_source_takes_the_task_alone(customer: Customer, stacks: Stacks, tmp_path: Path) -> None:
    slot = customer.upload(make(NOT_STANDARD, tmp_path))
    told = types(customer.history(slot))
    assert told[-1] == "transcode.ready"
    assert "asset.playable" not in told
    assert [version.early for version in stacks.versions(customer.tenant_id, slot["asset_id"])] == [False]
    [execution] = stacks.executions(slot["asset_id"])
    eventually(lambda: stacks.end_of(execution["executionArn"]), "the end of the execution")
    job_id = customer.job_id(slot)
    [outcome] = [line for line in stacks.log_messages("publish_early") if job_id in line and "early_ended" in line]
    assert '"outcome": "refused"' in outcome


def test_a_fast_lane_that_fails_harms_nothing(customer: Customer, stacks: Stacks, clips: dict[str, Path]) -> None:
    with without(stacks, "publish_early", "dynamodb:PutItem"):
        slot = customer.upload(clips["short"])
        told = types(customer.history(slot))
        [execution] = stacks.executions(slot["asset_id"])
        ended = eventually(lambda: stacks.end_of(execution["executionArn"]), "the end of the execution")
    assert (told[-1], ended) == ("transcode.ready", "SUCCEEDED")
    assert told.count("asset.playable") == 1  # by the task
    job_id = customer.job_id(slot)
    told_why = [line for line in stacks.log_messages("publish_early") if job_id in line and "early_failed" in line]
    assert "AccessDenied" in told_why[0]


@pytest.fixture
def variables(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of the function; and this process's SDK talks to the engine."""
    for name, value in stacks.engine.environment_for_clients().items():
        monkeypatch.setenv(name, value)
    described = stacks.engine.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-publish_early")
    return dict(described["Environment"]["Variables"])


def test_a_call_reaches_its_source_and_its_version_and_nothing_else(
    film: Film, stacks: Stacks, variables: dict[str, str], tmp_path: Path
) -> None:
    buckets = {"uploads_bucket": stacks.outputs["UploadsBucket"], "media_bucket": stacks.outputs["MediaBucket"]}
    ours = stacks.role_of("publish_early")
    sessions = ScopedStorage(assumed(stacks.engine, ours, "sts"), variables["SLUICE_STORAGE_ROLE_ARN"], **buckets)
    [job] = stacks.jobs_of(film.customer.tenant_id, film.slot["asset_id"])
    storage = sessions(job, "ver_own")
    storage.sources.download(job.source_key, tmp_path / "source")
    assert (tmp_path / "source").read_bytes() == film.source.read_bytes()
    asset_prefix = f"media/{job.tenant_id}/{job.asset_id}/"
    put: dict[str, Any] = {"content_type": "video/mp4", "cache_control": "no-store", "metadata": {}}
    storage.media.put_file(f"{asset_prefix}ver_own/v/1", tmp_path / "source", **put)
    with pytest.raises(ProviderFailure):
        storage.media.put_file(f"{asset_prefix}ver_other/v/1", tmp_path / "source", **put)
    with pytest.raises(ProviderFailure):
        storage.media.put_file(f"{asset_prefix}ver_owner", tmp_path / "source", **put)
    other = sessions(another(job), "ver_own")
    with pytest.raises(ProviderFailure, match="403"):
        other.sources.download(job.source_key, tmp_path / "stolen")


def another(job: Job) -> Job:
    return job.model_copy(update={"source_key": f"{job.source_key}x"})


def test_its_own_role_reaches_no_object(film: Film, stacks: Stacks) -> None:
    s3 = assumed(stacks.engine, stacks.role_of("publish_early"), "s3")
    key = f"uploads/{film.customer.tenant_id}/{film.slot['upload_id']}"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=stacks.outputs["UploadsBucket"], Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=stacks.outputs["MediaBucket"], Key="media/x", Body=b"")


def test_its_layers_fit_into_a_function(stacks: Stacks) -> None:
    """As the deployment installed them: our package, the locked packages, three programs."""
    assets = (stacks.engine.folder / "cdk.out").glob("asset.*")
    layers = [folder for folder in assets if (folder / "python").is_dir() or (folder / "bin").is_dir()]
    sizes = [sum(file.stat().st_size for file in layer.rglob("*") if file.is_file()) for layer in layers]
    assert len(layers) == 3
    assert 100_000_000 < sum(sizes) < LAMBDA_LIMIT_BYTES
