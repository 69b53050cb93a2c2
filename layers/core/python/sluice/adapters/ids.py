"""Fresh ids: ULIDs sort by creation time, which is what lists rely on."""

from ulid import ULID

from sluice.domain.ids import Prefix


def new_id(prefix: Prefix) -> str:
    return f"{prefix}_{str(ULID()).lower()}"
