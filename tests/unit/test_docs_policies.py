"""The page of intake policies: its fields, keywords and figures are the code's."""

import json
import re

from functions.api_policies.models import CreateIntakePolicy, QuotaLimits
from sluice.adapters import metadata_schemas
from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.config import ApiUploadsSettings
from sluice.domain.upload_errors import InvalidMetadataSchema
from sluice.service.intake_policies import MAX_POLICIES
from sluice.service.source_rules import ROUNDING_S
from sluice.service.uploads import IDLE_GRACE
from tests.documents import REPOSITORY, code, rows, section, spans

PAGE = REPOSITORY / "docs" / "intake-policies.md"
TEXT = " ".join(PAGE.read_text().split())
# A value that each keyword may have; the page lists the keywords, the adapter decides.
VALUES = {
    **dict.fromkeys(("properties", "dependentRequired", "$defs"), {}),
    **dict.fromkeys(("additionalProperties", "propertyNames", "not", "if", "then", "else"), {}),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), [{}]),
    **dict.fromkeys(("minProperties", "maxProperties", "minLength", "maxLength"), 1),
    **dict.fromkeys(("const", "pattern", "title", "description", "$comment"), "x"),
    **dict.fromkeys(("required", "enum", "examples"), ["x"]),
    "type": "object",
    "deprecated": True,
    "$ref": "#/$defs/x",
}


def test_the_table_holds_every_field() -> None:
    listed = {name.strip("`") for name, _ in rows(PAGE, "Fields")}
    assert listed | {"name"} == CreateIntakePolicy.model_fields.keys()
    [quotas] = [text for name, text in rows(PAGE, "Fields") if name == "`quotas`"]
    assert QuotaLimits.model_fields.keys() <= set(spans(quotas))


def test_the_example_s_policy_has_known_fields() -> None:
    [body] = re.findall(r"intake-policies '(\{.*?\n\})'", code(PAGE, "Example", "bash"), re.DOTALL)
    command = CreateIntakePolicy.model_validate(json.loads(body)).command("ipl_x", "ten_x")
    assert command.rules.metadata_schema is not None
    JsonMetadataSchemas().check(command.rules.metadata_schema)


def test_the_keywords_are_those_that_are_taken() -> None:
    said = section(PAGE, "Metadata").split("Any other")[0]
    listed = {span for span in spans(said) if span not in ("object", "string")}
    assert listed == VALUES.keys()
    for keyword in listed:
        schema = {"$defs": {"x": {}}, keyword: VALUES[keyword]}
        JsonMetadataSchemas().check(json.dumps(schema))
    vocabularies = metadata_schemas._ONE | metadata_schemas._SEVERAL | metadata_schemas._NAMED | metadata_schemas._PLAIN
    assert listed == vocabularies | {"type", "pattern", "$ref"}


def test_figures_of_the_text_are_the_code_s() -> None:
    idle_s = ApiUploadsSettings.model_fields["part_url_ttl_s"].default + 2 * IDLE_GRACE.total_seconds()
    assert f"no part URL was asked for in {idle_s / 60:.0f} minutes" in TEXT
    assert f"at most {MAX_POLICIES} policies" in TEXT
    assert f"at most {metadata_schemas.MAX_BYTES >> 10} KB" in TEXT
    assert f"At most {metadata_schemas.MAX_PATTERNS} patterns of {metadata_schemas.MAX_PATTERN} characters" in TEXT
    assert f"At most {metadata_schemas.MAX_SUBSCHEMAS} subschemas and {metadata_schemas.MAX_DEPTH} of them" in TEXT
    assert ROUNDING_S == 0.5 and "half a second for rounding" in TEXT
    assert f"`{InvalidMetadataSchema.code}`" in TEXT
