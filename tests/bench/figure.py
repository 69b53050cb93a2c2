"""One measured number and the most that it may be."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str  # one word, "cpu_ms" or "ratio": what a busy machine does not change much
    limit: float

    @property
    def ok(self) -> bool:
        return self.value <= self.limit

    def line(self) -> str:
        return f"{self.name} {self.value:.4g} {self.unit} {self.limit:.4g}"

    def record(self) -> dict[str, str | float | bool]:
        return {**self._asdict(), "ok": self.ok}
