from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.cameras.measure_form import KINDS, MeasureForm
from dosimetry_core.errors import DosimetryError


def _filled(kind: str, folder: Path, **texts: str) -> MeasureForm:
    form = MeasureForm()
    form.kind.setCurrentIndex([key for key, _title in KINDS].index(kind))
    form.folder.setText(str(folder))
    for key, text in {"time": "2026-03-03T14:05:00+01:00", "uncertainty": "3", "dead_time": "0", **texts}.items():
        form.fields[key].setText(text)
    return form


def test_that_a_decimal_comma_is_no_end_of_a_number(qapp: QApplication, tmp_path: Path) -> None:
    form = _filled("cylinder", tmp_path, activity="523,4", uncertainty="2,5", dead_time="1,2")
    task: Any = form.task("camera", None, None)
    assert task.keywords["activity_bq"] == pytest.approx(523.4e6)
    assert task.keywords["activity_uncertainty"] == pytest.approx(0.025)
    assert task.keywords["dead_time_s"] == pytest.approx(1.2e-6)


def test_that_a_number_with_more_behind_it_is_refused(qapp: QApplication, tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match="no number"):
        _filled("cylinder", tmp_path, activity="523, 4").task("camera", None, None)


def test_that_diameters_with_decimal_commas_stand_apart_by_semicolons(qapp: QApplication, tmp_path: Path) -> None:
    concentrations = {"sphere": "200,5", "background": "0"}
    task: Any = _filled("spheres", tmp_path, diameters="9,89; 12,43; 37", **concentrations).task("camera", None, None)
    assert task.keywords["diameters_mm"] == [9.89, 12.43, 37.0]
    assert task.keywords["sphere_bq_per_ml"] == pytest.approx(200.5e3)
    with pytest.raises(DosimetryError, match="no list"):
        _filled("spheres", tmp_path, diameters="9,89 12,43", **concentrations).task("camera", None, None)
