"""The window of cross-checks, by its buttons: a dose map, a table, and what can't be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app.crosscheck.window import CrosscheckWindow
from app.jobs import Jobs
from dosimetry_core.case_file import read_case
from dosimetry_core.comparison.dose_maps import voxel_doses_of
from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes
from dosimetry_core.dicom_export.cycle import digest_of_results, facts_of_cycle
from dosimetry_core.dicom_export.dose import rt_dose
from dosimetry_core.dicom_export.objects import file_bytes
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import compute
from dosimetry_core.volume import Volume
from tests.dosimetry_core.comparison.foreign import other_structure_set, with_scan_in_own_frame
from tests.dosimetry_core.dicom_export.test_course import MADE
from tests.small_study import write_small_case


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    case = read_case(write_small_case(tmp_path_factory.mktemp("case")))
    return compute(replace(case, settings=replace(case.settings, voxel_s_values_beside=True)))


@pytest.fixture(scope="module")
def dose(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = voxel_doses_of(evaluation.cycles[0]).maps["Lu-177"].absorbed_dose
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest=digest_of_results(evaluation))
    more = Volume(own.values * np.float32(1.02), own.geometry, own.quantity)
    path = tmp_path_factory.mktemp("other") / "dose.dcm"
    path.write_bytes(file_bytes(rt_dose(facts, more, what="Lu-177", number=1, method="another system")))
    return path


def opened(qtbot: QtBot, evaluation: Evaluation | None) -> CrosscheckWindow:
    window = CrosscheckWindow(lambda: evaluation, Jobs())
    qtbot.addWidget(window)
    window.show()
    return window


def chosen(monkeypatch: pytest.MonkeyPatch, window: CrosscheckWindow, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_more: (str(path), ""))
    QTest.mouseClick(window.choose_button, Qt.MouseButton.LeftButton)


def test_that_a_dose_map_stands_beside_ours(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, dose: Path
) -> None:
    window = opened(qtbot, evaluation)
    chosen(monkeypatch, window, dose)
    qtbot.waitUntil(lambda: window.table.rowCount() == 3, timeout=60_000)
    assert "gamma 3 %/3 mm" in window.words.text()
    own, other = window.histograms.histograms
    assert (own.name, other.name) == ("Kidney L, this program", "Kidney L, other system")
    assert other.absorbed_dose_gy[-1] == pytest.approx(1.02 * own.absorbed_dose_gy[-1], rel=1e-5)
    column = next(n for n in range(window.table.columnCount()) if "ifference" in _title(window, n))
    assert window.table.item(0, column).text() == "2"
    window.voi.setCurrentText("Kidney R")
    assert window.histograms.histograms[0].name == "Kidney R, this program"
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Mean, this program / Gy" in QApplication.clipboard().text()


def _title(window: CrosscheckWindow, column: int) -> str:
    item = window.table.horizontalHeaderItem(column)
    return "" if item is None else item.text()


def test_that_a_table_stands_beside_ours(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, tmp_path: Path
) -> None:
    path = tmp_path / "olinda.csv"
    path.write_text("Target Organ,Total (mGy/MBq)\nKidneys,0.5\n", "utf-8")
    window = opened(qtbot, evaluation)
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: "cycle and nuclide" in window.message.text(), timeout=60_000)
    window.nuclide.setCurrentText("Lu-177")
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: window.table.rowCount() == 1, timeout=60_000)
    assert "1 of 1 numbers" in window.words.text()


def test_that_a_structure_set_stands_beside_our_vois(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, tmp_path: Path
) -> None:
    path = other_structure_set(tmp_path / "rs.dcm", {"Kidney L": "Niere links"}, shift_mm=8.0)
    window = opened(qtbot, evaluation)
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: window.table.rowCount() == 2, timeout=60_000)
    assert "1 VOI beside ours" in window.words.text()
    column = {_title(window, number).partition(" /")[0]: number for number in range(window.table.columnCount())}
    assert window.table.item(0, column["Other system's"]).text() == "Niere links"
    assert window.table.item(0, column["Dice"]).text() == "0.8"
    assert window.table.item(1, column["Matched by"]).text() == "not in the file"
    own, other = window.histograms.histograms
    assert (own.name, other.name) == ("Kidney L, this program", "Kidney L, other outline")


def test_that_a_segmentation_of_ours_comes_back_the_same(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, tmp_path: Path
) -> None:
    result = evaluation.cycles[0]
    facts = facts_of_cycle(result, made_at=MADE, digest=digest_of_results(evaluation))
    path = tmp_path / "without_ending"
    path.write_bytes(file_bytes(segmentation(facts, result.cycle.vois, label="CYCLE_1")))
    window = opened(qtbot, evaluation)
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: window.table.rowCount() == 2, timeout=60_000)
    column = {_title(window, number).partition(" /")[0]: number for number in range(window.table.columnCount())}
    for row in range(2):
        assert window.table.item(row, column["Dice"]).text() == "1"
        assert window.table.item(row, column["Hausdorff"]).text() == "0"


def test_that_a_registration_stands_beside_ours(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, tmp_path: Path
) -> None:
    own = RigidTransform(np.eye(3), np.array([1.0, 2.0, 3.0]))
    other = RigidTransform(np.eye(3), np.array([1.0, 5.0, 7.0]))
    moved = with_scan_in_own_frame(evaluation.cycles[0], 2, "1.2.840.9", own)
    point = moved.cycle.time_points[2]
    stated = replace(point, registration=replace(point.registration, transform=other))
    path = tmp_path / "reg.dcm"
    reference = moved.cycle.time_points[moved.cycle.reference_time_point]
    path.write_bytes(spatial_registration_bytes(reference, stated, made_at=MADE))
    window = opened(qtbot, replace(evaluation, cycles=(moved,)))
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: window.table.rowCount() == 3, timeout=60_000)
    assert "the other registration against ours, scan 3" in window.words.text()
    column = {_title(window, number).partition(" /")[0]: number for number in range(window.table.columnCount())}
    # (0, 3, 4) mm: 5 mm everywhere.
    assert window.table.item(1, column["Displacement, mean"]).text() == "5"
    assert window.table.item(0, column["z"]).text() == "4"
    assert window.histograms.histograms == ()


def test_that_what_is_no_dose_is_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, tmp_path: Path
) -> None:
    path = tmp_path / "dose.dcm"
    path.write_bytes(b"no dose")
    window = opened(qtbot, evaluation)
    chosen(monkeypatch, window, path)
    qtbot.waitUntil(lambda: "dose.dcm" in window.message.text(), timeout=60_000)
    assert window.choose_button.isEnabled()


def test_that_nothing_is_compared_before_there_are_results(qtbot: QtBot) -> None:
    window = opened(qtbot, None)
    assert not window.choose_button.isEnabled()
    assert "being computed" in window.message.text()


def test_that_nothing_is_compared_while_doses_are_pending(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation, dose: Path, tmp_path: Path
) -> None:
    held = replace(evaluation.cycles[0], voxels=SimpleNamespace(pending=True))
    window = opened(qtbot, replace(evaluation, cycles=(held,)))
    table = tmp_path / "numbers.csv"
    table.write_text("region,quantity,value,unit\nKidney L,absorbed_dose,1.0,Gy\n")
    for path in (table, dose):
        window.message.clear()
        chosen(monkeypatch, window, path)
        qtbot.waitUntil(lambda: "still pending" in window.message.text(), timeout=60_000)
        qtbot.waitUntil(window.choose_button.isEnabled, timeout=60_000)
        assert window.table.rowCount() == 0
