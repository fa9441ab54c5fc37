"""Tables of the course screen: what is left, what is forecast, and how laboratory values went."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.number_grid import Number
from app.steps import course_tables
from dosimetry_core.case import LaboratoryLimit, LaboratoryResult
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import compute
from tests.app.plans.test_giving import CASE


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("course")
    (folder / "case.toml").write_text(CASE.format(start="2025-03-03T10:00:00+01:00"))
    return compute(read_case(folder))


def test_that_the_budget_is_limit_less_delivered_and_goes_on_to_the_last_cycle(evaluation: Evaluation) -> None:
    columns, rows = course_tables.budget(evaluation, "")
    assert [column.key for column in columns] == ["name", "kidneys", "red_marrow"]
    table = {row.key: row.cells for row in rows}
    assert list(table) == [
        "Limit", "So far", "Left", "Cycle 2 as planned", "Forecast, cycle 4", "P of exceeding (%)",
    ]  # fmt: skip

    def gray(row: str, organ: str = "kidneys") -> float:
        cell = table[row][organ]
        assert isinstance(cell, Number)
        assert cell.value is not None
        return cell.value

    # 7.4 GBq at 0.60 Gy/GBq; the rest in three equal parts, rounded down to 0.05 GBq.
    assert gray("So far") == pytest.approx(4.44)
    assert gray("Left") == pytest.approx(23.0 - 4.44)
    activity = int((23.0 - 4.44) / 3 / 0.60 / 0.05 + 1e-9) * 0.05
    assert gray("Cycle 2 as planned") == pytest.approx(0.60 * activity)
    assert gray("Forecast, cycle 4") == pytest.approx(4.44 + 3 * 0.60 * activity)
    assert gray("Limit", "red_marrow") == 2.0


def test_that_laboratory_values_stand_by_date_with_their_trend_and_limit(evaluation: Evaluation) -> None:
    days = (
        LaboratoryResult(date(2025, 5, 1), FrozenMap({"platelets_1e9_per_l": 150.0, "creatinine_umol_per_l": 80.0})),
        LaboratoryResult(date(2025, 3, 1), FrozenMap({"platelets_1e9_per_l": 200.0, "creatinine_umol_per_l": 80.0})),
    )
    case = evaluation.case
    case = replace(
        case,
        cycles=(replace(case.cycles[0], laboratory=days),),
        laboratory_limits=FrozenMap({"platelets_1e9_per_l": LaboratoryLimit(lower=160.0)}),
    )
    columns, rows = course_tables.laboratory(case)
    assert [column.title for column in columns] == ["", "01 May\n2025", "Trend", "Limit", "01 Mar\n2025"]
    platelets, creatinine = (next(row for row in rows if row.key.startswith(name)) for name in ("platelets", "crea"))
    assert (platelets.cells["trend"], platelets.cells["limit"], platelets.mark) == ("↘ −25 %", "≥ 160", "warning")
    assert (creatinine.cells["trend"], creatinine.cells["limit"], creatinine.mark) == ("→", "", "")
    assert course_tables.laboratory(evaluation.case) == ([], [])
