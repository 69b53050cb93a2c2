"""One measured number and the most, or the least, that it may be."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str  # one word, "cpu_ms" or "ratio": what a busy machine does not change much
    limit: float
    at_least: bool = False

    @property
    def ok(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        unit = f"{self.unit}_at_least" if self.at_least else self.unit
        return f"{self.name} {self.value:.4g} {unit} {self.limit:.4g}"

    def record(self) -> dict[str, str | float | bool]:
        record = self._asdict()
        del record["at_least"]  # `ok` tells
        return {**record, "ok": self.ok}
