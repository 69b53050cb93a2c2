"""The pipeline's handlers: the events AWS sends them, with fakes behind."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.classify_failure import handler as classify
from functions.complete_upload import handler as complete
from functions.fail_transcode import handler as fail
from functions.on_object_created import handler as created
from functions.publish_early import handler as early
from sluice import bootstrap
from sluice.adapters.items import key_of
from sluice.config import ClassifyFailureSettings, Environment
from sluice.domain.errors import ProviderFailure
from sluice.domain.states import AssetState, UploadState
from tests.fakes.gateway import LambdaContext
from tests.unit.early import FastLane
from tests.unit.world import World


def core(world: World, **more: Any) -> dict[str, Any]:
    return {"environment": "dev", "records": world.records, "now": world.now, "new_id": world.new_id, **more}


def sqs(*bodies: Any) -> dict[str, Any]:
    records = [
        {"messageId": str(number), "body": json.dumps(body), "eventSource": "aws:sqs", "attributes": {}}
        for number, body in enumerate(bodies)
    ]
    return {"Records": records}


def object_created(key: str) -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": key}}}


def completed(world: World) -> Any:
    upload, _ = world.create()
    world.put_parts(upload)
    world.request_completion(upload)
    return upload


def test_a_completion_request_joins_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    upload = completed(world)
    monkeypatch.setattr(complete, "deps", lambda: bootstrap.CompleteUpload(**core(world, objects=world.objects)))
    event = sqs({"tenant_id": upload.tenant_id, "upload_id": upload.id})
    assert complete.lambda_handler(event, LambdaContext()) == {"batchItemFailures": []}
    assert world.objects.head(upload.key) is not None


def test_an_objects_event_starts_its_job_and_a_bad_record_fails_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    upload = completed(world)
    world.run_completion(upload)
    deps = bootstrap.OnObjectCreated(**core(world, objects=world.objects, executions=world.executions))
    monkeypatch.setattr(created, "deps", lambda: deps)
    event = sqs({"detail": {}}, object_created("foreign/key"), object_created(upload.key), object_created(upload.key))
    answer = created.lambda_handler(event, LambdaContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert [record.message for record in caplog.records if record.exc_info] == ["record_failed"]
    assert world.upload(upload).state is UploadState.COMPLETE and len(world.executions.names) == 1


def test_the_state_machine_gets_plain_json(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    upload, _, job = world.uploaded()
    settings = ClassifyFailureSettings(environment=Environment.DEV, table_name="t")
    monkeypatch.setattr(classify, "settings", lambda: settings)
    monkeypatch.setattr(classify, "deps", lambda: bootstrap.Core(**core(world)))
    event = {
        "tenant_id": job.tenant_id,
        "job_id": job.id,
        "attempt": 3,
        "capacity": "FARGATE",
        "error": "States.TaskFailed",
        "cause": "{}",
        "started_at": "2026-12-01T09:59:00.000Z",
    }
    verdict = json.loads(json.dumps(classify.lambda_handler(event, LambdaContext())))
    assert (verdict["action"], verdict["error"]["code"]) == ("fail", "provider.task_failed")
    monkeypatch.setattr(fail, "deps", lambda: bootstrap.Core(**core(world)))
    fail.lambda_handler({"tenant_id": job.tenant_id, "job_id": job.id, "error": verdict["error"]}, LambdaContext())
    assert world.asset_of(upload).state is AssetState.FAILED


def test_an_early_version_is_published_for_the_job_of_the_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = FastLane(tmp_path)
    monkeypatch.setattr(early, "deps", lambda: lane.early_deps)
    event = {"tenant_id": lane.tenant, "job_id": lane.job_id}
    assert early.lambda_handler(event, LambdaContext()) is None
    assert lane.asset_now().playable
    lane.sources.objects.clear()
    lane.world.records.rows[key_of(lane.asset)] = lane.asset
    with pytest.raises(ProviderFailure):  # the state machine catches it
        early.lambda_handler(event, LambdaContext())
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in told if line["message"].startswith("early_")] == ["early_ended", "early_failed"]
    assert told[-1]["job_id"] == lane.job_id
