"""Every function of the repository as it will run in Lambda."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from infra.constructs import function_code
from infra.constructs.function_code import FolderBundling, MissingFunction
from sluice import config
from tests.infra.deployment import REPOSITORY, Deployment, flat, strings

SETTINGS: dict[str, type[BaseModel]] = {
    "api_assets": config.ApiAssetsSettings,
    "api_deliveries": config.ApiDeliveriesSettings,
    "api_events": config.ApiEventsSettings,
    "api_ingest": config.ApiIngestSettings,
    "api_policies": config.ApiPoliciesSettings,
    "api_playback": config.ApiPlaybackSettings,
    "api_thumbnails": config.ApiThumbnailsSettings,
    "api_uploads": config.ApiUploadsSettings,
    "api_webhooks": config.ApiWebhooksSettings,
    "authorizer": config.AuthorizerSettings,
    "classify_failure": config.ClassifyFailureSettings,
    "complete_upload": config.CompleteUploadSettings,
    "deliver_webhook": config.DeliverWebhookSettings,
    "dispatch_events": config.DispatchEventsSettings,
    "fail_fetch": config.FailFetchSettings,
    "fail_transcode": config.FailTranscodeSettings,
    "find_parts": config.FindPartsSettings,
    "make_thumbnail": config.MakeThumbnailSettings,
    "on_object_created": config.OnObjectCreatedSettings,
    "operate": config.OperateSettings,
    "playback": config.PlaybackSettings,
    "publish_early": config.PublishEarlySettings,
    "reconcile": config.ReconcileSettings,
    "signing_key": config.SigningKeySettings,
    "start_waiting": config.StartWaitingSettings,
}


def folders() -> set[str]:
    return {file.parent.name for file in (REPOSITORY / "functions").glob("*/handler.py")}


def test_every_function_is_deployed_under_its_name(dev: Deployment) -> None:
    functions = dev.resources("AWS::Lambda::Function")
    assert {one.properties["FunctionName"].removeprefix("sluice-dev-") for one in functions} == folders()
    assert folders() == set(SETTINGS)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_its_settings_are_complete(dev: Deployment, name: str) -> None:
    """What CDK wrote is what the deployable reads; references stand for their values."""
    variables = dev.function(name).properties["Environment"]["Variables"]
    written = {key: flat(value) for key, value in variables.items() if key.startswith(config.PREFIX)}
    fields = {config.PREFIX + field.upper() for field in SETTINGS[name].model_fields}
    assert set(written) <= fields
    settings = SETTINGS[name]
    if issubclass(settings, config.Settings):
        assert settings.from_env(written).environment == "dev"


def test_runtime_and_processor_are_those_of_the_layer(dev: Deployment) -> None:
    for function in dev.resources("AWS::Lambda::Function"):
        settings = function.properties
        assert (settings["Runtime"], settings["Architectures"]) == ("python3.13", ["arm64"]), function.name
        name = settings["FunctionName"].removeprefix("sluice-dev-")
        assert settings["Handler"] == f"functions.{name}.handler.lambda_handler"
        assert len(settings["Layers"]) == (3 if name in ("publish_early", "make_thumbnail") else 2), function.name


def test_no_variable_holds_a_secret(dev: Deployment) -> None:
    for function in dev.resources("AWS::Lambda::Function"):
        texts = list(strings(function.properties["Environment"]["Variables"]))
        assert [text for text in texts if "resolve:secretsmanager" in text] == [], function.name


def test_every_log_group_forgets(dev: Deployment) -> None:
    groups = dev.resources("AWS::Logs::LogGroup")
    assert len(groups) == 25 + 5  # functions; two tasks, two state machines, the API
    assert {group.properties["RetentionInDays"] for group in groups} == {14}


def test_every_function_writes_to_its_own_log_group(dev: Deployment) -> None:
    groups = {one.logical_id: one.properties["LogGroupName"] for one in dev.resources("AWS::Logs::LogGroup")}
    for function in dev.resources("AWS::Lambda::Function"):
        target = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[target] == f"/aws/lambda/{function.properties['FunctionName']}", function.name


def test_the_zip_keeps_one_folder_at_its_place(tmp_path: Path) -> None:
    folder = REPOSITORY / "functions" / "playback"
    FolderBundling(folder).try_bundle(str(tmp_path), image=None)  # type: ignore[arg-type]  # never asked for
    kept = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert "functions/playback/handler.py" in kept
    assert {file for file in kept if not file.startswith("functions/playback/") or file.endswith(".pyc")} == set()


def test_a_function_without_a_handler_fails_the_synth() -> None:
    with pytest.raises(MissingFunction, match="functions/misspelt/handler.py"):
        function_code.function_code("misspelt")
