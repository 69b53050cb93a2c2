"""Checked imports of ministack: a symbol that we rely on and that is gone stops the start and is named."""

import importlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

PINNED = "1.5.33"


class EngineMismatch(RuntimeError):
    """The installed ministack is not the one this adapter was written for."""


def engine_module(name: str, *symbols: str) -> Any:
    """`ministack.<name>`, after checking that each symbol exists (dotted: a member of a class).

    Raises EngineMismatch naming every missing symbol and the installed version.
    """
    installed = version("ministack")
    try:
        module = importlib.import_module(f"ministack.{name}")
    except ImportError as error:
        raise EngineMismatch(f"ministack {installed} has no module ministack.{name} (written for {PINNED})") from error
    missing = [symbol for symbol in symbols if not _has(module, symbol)]
    if missing:
        names = ", ".join(f"ministack.{name}.{symbol}" for symbol in missing)
        raise EngineMismatch(f"ministack {installed} lacks {names} (written for {PINNED})")
    return module


def wrap(owner: Any, symbol: str, make: Callable[[Any], Any]) -> None:
    """Replace `owner.symbol` by `make(original)`."""
    setattr(owner, symbol, make(getattr(owner, symbol)))


def _has(module: Any, symbol: str) -> bool:
    owner = module
    for part in symbol.split("."):
        if not hasattr(owner, part):
            return False
        owner = getattr(owner, part)
    return True
