"""Names say what a thing is; these say only that it is something."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, code_modules, modules_of_tests, parse

EMPTY_WORDS = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "base", "misc", "common"})
PRODUCT_NAMES = ("SecretsManager",)


def words(identifier: str) -> set[str]:
    """`UploadManager` and `upload_manager` are both {"upload", "manager"}."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)}


def own_words(identifier: str) -> str:
    for product in PRODUCT_NAMES:
        identifier = identifier.replace(product, "")
    return identifier


def defined_names(module: Module) -> Iterator[tuple[int, str]]:
    yield 1, module.name.rpartition(".")[2]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name


def empty_names(module: Module) -> list[str]:
    return [
        f"{module.path}:{line}: {name}" for line, name in defined_names(module) if words(own_words(name)) & EMPTY_WORDS
    ]


def test_no_empty_names() -> None:
    assert [line for module in code_modules() + modules_of_tests() for line in empty_names(module)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sluice.adapters.s3_utils", ""),
        ("sluice.media.helpers", ""),
        ("infra.constructs.queue", "class QueueManager: ..."),
        ("infra.constructs.queue", "class BaseQueue: ..."),
        ("infra.constructs.queue", "class SQSBase: ..."),
    ],
)
def test_an_empty_name_is_found(name: str, text: str) -> None:
    assert empty_names(parse(name, text)) != []


def test_a_word_inside_another_is_allowed() -> None:
    assert empty_names(parse("sluice.adapters.database", "class Baseline: ...\nclass SecretsManagerKeys: ...")) == []
