"""What intake policies need beside the ports of everybody (`service.ports`)."""

from collections.abc import Mapping
from typing import Protocol

from sluice.domain.errors import FieldError


class MetadataSchemas(Protocol):
    """JSON Schema over the metadata of uploads: a flat object whose values are strings."""

    def check(self, schema: str) -> None:
        """`schema`: JSON text. Raises InvalidMetadataSchema."""
        ...

    def violations(self, schema: str, metadata: Mapping[str, str]) -> list[FieldError]:
        """What `metadata` lacks or has too much, with pointers under /metadata; `schema` has passed `check`."""
        ...
