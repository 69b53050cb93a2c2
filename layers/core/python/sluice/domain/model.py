"""The parent of everything that is stored or handed around."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    # a row that cannot be read is logged with its error, and may hold credentials
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
