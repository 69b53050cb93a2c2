"""The page of encoding profiles: its fields, defaults and figures are the code's."""

import json
import re

from functions.api_policies.profile_models import Audio, CreateEncodingProfile
from sluice.domain.encoding import EncodingSettings
from sluice.service.encoding_profiles import MAX_PROFILES
from tests.documents import REPOSITORY, code, rows, spans

PAGE = REPOSITORY / "docs" / "encoding-profiles.md"


def test_the_table_holds_every_field_and_its_default() -> None:
    listed = {name.strip("`"): default for name, default, _ in rows(PAGE, "Fields")}
    assert listed.keys() | {"name"} == CreateEncodingProfile.model_fields.keys()
    defaults = json.loads(CreateEncodingProfile(name="x").model_dump_json(exclude={"name", "audio"}))
    said = {name: listed[name].strip("`") for name in defaults}
    assert {n: text if isinstance(defaults[n], str) else json.loads(text) for n, text in said.items()} == defaults
    [audio] = [text for name, _, text in rows(PAGE, "Fields") if name == "`audio`"]
    assert Audio.model_fields.keys() <= set(spans(audio))


def test_what_is_left_out_is_the_built_in_profile() -> None:
    assert CreateEncodingProfile(name="x").command("enc_x", "ten_x").settings == EncodingSettings()
    given = json.loads(CreateEncodingProfile(name="x").model_dump_json())
    assert CreateEncodingProfile.model_validate_json(json.dumps(given)).command("e", "t").settings == EncodingSettings()


def test_the_example_s_profile_and_the_limit_are_the_code_s() -> None:
    [body] = re.findall(r"encoding-profiles '(\{.*?\n\})'", code(PAGE, "Example", "bash"), re.DOTALL)
    assert CreateEncodingProfile.model_validate(json.loads(body)).command("enc_x", "ten_x").settings.rungs is not None
    assert f"at most {MAX_PROFILES} profiles" in PAGE.read_text()
