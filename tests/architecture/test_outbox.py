"""Events leave through the outbox alone: a row written with the change it tells of, and nothing beside it."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, code_modules, parse

PUBLISHING = frozenset({"send_message", "send_message_batch", "put_events", "publish_batch"})  # boto's
QUEUES = frozenset({"sluice.adapters.delivery_queue", "sluice.adapters.completion_queue"})
SENDERS = frozenset({"sluice.adapters.aws_targets"})  # what an endpoint is to be sent, claimed from its row
WRITING = frozenset({"put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item"})  # boto's
WRITERS = frozenset({"sluice.adapters.record_writes", "sluice.adapters.denial_rows"})
MAKING = frozenset({"describe", "describe_of_tenant"})
MAKERS = frozenset({"sluice.domain.events", "sluice.service.endpoint_care"})


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield called(node), node


def creates_event(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called(node) == "Create" and "event" in ast.unparse(node.args[0]).lower()


def changes_nothing(node: ast.expr) -> bool:
    """The record of who asked goes with a change, and is none."""
    return creates_event(node) or (isinstance(node, ast.Call) and called(node) == "audited")


def lost_events(function: ast.FunctionDef) -> Iterator[ast.Assign]:
    """`after, event = advance(...)` whose event no `Create` of the function stores."""
    stored = {
        ast.unparse(node.args[0])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and called(node) == "Create"
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value) == "advance":
            [target] = node.targets
            if not isinstance(target, ast.Tuple) or ast.unparse(target.elts[1]) not in stored:
                yield node


def breaches(module: Module) -> Iterator[str]:
    for name, node in calls(module):
        at = f"{module.path}:{node.lineno}"
        if name in PUBLISHING and module.name not in QUEUES | SENDERS:
            yield f"{at}: {name} publishes beside the outbox"
        if name in MAKING and module.name not in MAKERS:
            yield f"{at}: {name} makes an event that `advance` knows nothing of"
        if name in WRITING and module.name not in WRITERS:
            yield f"{at}: {name} writes beside the transactions"
        if name == "commit" and any(map(creates_event, node.args)) and all(map(changes_nothing, node.args)):
            yield f"{at}: an event without the change that it tells of"
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef) and function.name not in MAKING:
            for lost in lost_events(function):
                yield f"{module.path}:{lost.lineno}: a change without the event that tells of it"


def test_nothing_publishes_but_the_outbox() -> None:
    ours = [module for module in code_modules() if module.name.startswith(("sluice.", "functions."))]
    assert [breach for module in ours for breach in breaches(module)] == []


@pytest.mark.parametrize(
    "text",
    [
        "records.commit(Create(event))",
        "records.commit(Create(event), audited(action, caller, asset_id))",
        "def f():\n    after, event = advance(asset, kind, origin)\n    records.commit(Replace(after))",
        "def f():\n    after, _ = advance(asset, kind, origin)\n    records.commit(Replace(after))",
        "client.put_item(TableName=table, Item=to_item(event))",
        "client.put_events(Entries=[])",
        "sqs.send_message(QueueUrl=url, MessageBody=body)",
        "event = describe(asset, kind, origin, previous_state=None)",
    ],
)
def test_a_breach_is_found(text: str) -> None:
    assert list(breaches(parse("sluice.service.uploads", text)))


def test_a_change_with_its_event_is_none() -> None:
    assert not list(breaches(parse("sluice.service.uploads", "records.commit(Replace(asset), Create(event))")))
