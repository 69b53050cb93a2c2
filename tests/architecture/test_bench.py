"""The bench fails when a figure does, and says so in both of its languages."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.__main__ import main, measure, measurements, report
from tests.bench.figure import Figure

GOOD = Figure("speed_of_a", 1.25, "ratio", 1.5)
BAD = Figure("speed_of_b", 1.75, "ratio", 1.5)


def test_a_figure_is_ok_up_to_its_limit() -> None:
    assert GOOD.ok
    assert GOOD._replace(value=GOOD.limit).ok
    assert not BAD.ok


def test_a_figure_that_may_not_be_lower_is_ok_from_its_limit_on() -> None:
    fast = Figure("speed_of_c", 0.95, "ratio", 0.9, at_least=True)
    assert fast.ok
    assert fast._replace(value=fast.limit).ok
    assert not fast._replace(value=0.89).ok
    assert fast.line() == "speed_of_c 0.95 ratio_at_least 0.9"
    assert fast.record() == {"name": "speed_of_c", "value": 0.95, "unit": "ratio", "limit": 0.9, "ok": True}


def test_report_prints_lines_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "figures.json"
    assert report([GOOD, BAD], target) == [GOOD, BAD]
    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["speed_of_a 1.25 ratio 1.5", "speed_of_b 1.75 ratio 1.5"]
    assert "speed_of_b" in printed.err
    assert json.loads(target.read_text()) == [
        {"name": "speed_of_a", "value": 1.25, "unit": "ratio", "limit": 1.5, "ok": True},
        {"name": "speed_of_b", "value": 1.75, "unit": "ratio", "limit": 1.5, "ok": False},
    ]


@pytest.mark.parametrize(
    ("only", "names"),
    [("", ["speed_of_a", "speed_of_b"]), ("speed", ["speed_of_a", "speed_of_b"]), ("speed_of_b", ["speed_of_b"])],
)
def test_only_selects_by_beginning(only: str, names: list[str]) -> None:
    def expensive() -> Iterator[Figure]:
        assert only == "", "a measurement that cannot match must not run"
        yield Figure("other", 1, "ratio", 1)

    known = {"speed": lambda: [GOOD, BAD], "other": expensive} if only else {"speed": lambda: [GOOD, BAD]}
    assert [figure.name for figure in measure(only, known)] == names


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "no_such_figure"])
    assert ended.value.code == 2
    assert "api_cold_import" in capsys.readouterr().err


def test_every_measurement_is_found() -> None:
    modules = {file.stem for file in Path(__file__).parents[1].joinpath("bench").glob("*.py")}
    assert set(measurements()) == modules - {"__init__", "__main__", "figure"}
