"""The operations page's command that revokes a key, executed with its own arguments."""

import json
import re
import shlex

import pytest
from botocore.exceptions import ClientError

from sluice.adapters.records import DynamoRecords
from sluice.domain.ids import Prefix
from sluice.domain.models import ApiKey
from sluice.service.ports import Create
from tests.contract.samples import MOMENT, TENANT, new_id
from tests.documents import OPERATIONS, code


def documented_update(key_id: str) -> dict[str, object]:
    """The command line as DynamoDB's UpdateItem takes it."""
    command = code(OPERATIONS, "API keys", "bash").replace("\\\n", " ").replace("$KEY_ID", key_id)
    aws, service, operation, *words = shlex.split(command)
    assert (aws, service, operation) == ("aws", "dynamodb", "update-item")
    given = dict(zip(words[::2], words[1::2], strict=True))
    names = {option: re.sub(r"-?\b([a-z])", lambda found: found[1].upper(), option[2:]) for option in given}
    return {
        names[option]: json.loads(value) if value.startswith("{") else value
        for option, value in given.items()
        if option != "--table-name"
    }


def test_the_documented_command_revokes_a_key(dynamo: DynamoRecords) -> None:
    key = ApiKey(
        id=new_id(Prefix.API_KEY), tenant_id=TENANT, name="ci", scopes=("assets:read",), digest="d", created_at=MOMENT
    )
    dynamo.commit(Create(key))
    dynamo._client.update_item(TableName="sluice", **documented_update(key.id))
    found = dynamo.api_key(key.id)
    assert found is not None
    assert found.revoked
    assert found.version == key.version + 1


def test_it_makes_no_row_of_a_mistyped_key(dynamo: DynamoRecords) -> None:
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamo._client.update_item(TableName="sluice", **documented_update("key_unknown"))
    assert dynamo.api_key("key_unknown") is None
