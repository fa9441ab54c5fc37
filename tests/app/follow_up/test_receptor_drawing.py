"""A receptor PET drawn on with the tools of the VOI step, and measured: numbers known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton, QWidget

from app.follow_up.receptor_drawing import ReceptorDrawing, measured_vois
from app.follow_up.receptor_page import ReceptorPage
from app.follow_up.window import FollowUpWindow
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.case_file import read_case
from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.followup.receptor_dicom import read_receptor_image, receptor_scan
from dosimetry_core.followup.suv_metrics import SegmentationRule
from dosimetry_core.progress import no_progress
from tests.app.follow_up.conftest import CASE
from tests.dosimetry_core.followup import test_receptor_dicom
from tests.phantoms import ct_series

VISIT = test_receptor_dicom.VISIT
MIDDLE_Z = 148.0
LESION_ML = 4.0 * 4.0 * 4.4
"""4 cm by 4 cm, and eleven slices of 4 mm."""


@pytest.fixture
def case_text() -> str:
    """The course of the patient whom the PET is of."""
    return CASE.replace('"P-7"', f'"{VISIT.patient_id}"')


@pytest.fixture
def page(follow_up: FollowUpWindow) -> ReceptorPage:
    follow_up.show_page("receptor")
    return follow_up.receptor


@pytest.fixture
def pet(tmp_path: Path) -> Path:
    """A PET with its CT, and hot boxes where `test_receptor_dicom.REGIONS` puts them."""
    folder, _vois = test_receptor_dicom.write(tmp_path)
    grid = test_receptor_dicom.GRID
    ct_series(folder / "ct", np.full(grid.shape, 40, np.int16), grid, VISIT)
    return folder


def drawn_on(window: MainWindow, page: ReceptorPage, pet: Path) -> ReceptorDrawing:
    page.draw_on(pet)
    wait_until_idle(window)
    assert page.drawing is not None, page.message.text()
    QApplication.processEvents()
    return page.drawing


def outline(drawing: ReceptorDrawing, name: str, x: float, y: float) -> None:
    """A new VOI: the isocontour at a place, under a name."""
    drawing.step.add.click()
    drawing.session.view_state.set_cursor((x, y, MIDDLE_Z))
    drawing.step.do_shape_act("isocontour")
    wait_until_idle(drawing)  # type: ignore[arg-type]
    voi = drawing.session.voi
    assert voi is not None
    if voi.name != name:
        drawing.step.rename_voi(voi.voi_id, name)


def measure(drawing: ReceptorDrawing) -> None:
    button = drawing.findChild(QPushButton, "receptor_measure_drawn")
    assert button is not None
    button.click()
    wait_until_idle(drawing)  # type: ignore[arg-type]


def test_that_what_is_drawn_on_the_pet_is_measured_saved_and_read_again(
    window: MainWindow, page: ReceptorPage, pet: Path, tmp_path: Path
) -> None:
    before = window.session.document.case
    drawing = drawn_on(window, page, pet)
    assert drawing.study.ct is not None
    facts = drawing.findChild(QLabel, "receptor_facts")
    assert facts is not None
    assert "1.08 h after injection" in facts.text()
    assert not drawing.findChild(QToolButton, "display_decay_corrected").isVisible()  # type: ignore[union-attr]
    for name, x, y in (("Lesion 1", -40, -40), ("Lesion 2", 40, -40), ("Liver", -40, 40), ("Aorta", 40, 40)):
        outline(drawing, name, x, y)
    assert not drawing.is_saved
    assert [voi.role for voi in drawing.vois] == ["lesion", "lesion", "liver", "other"]
    measure(drawing)
    assert "2 lesions measured, 41 % of SUVmax" in drawing.message.text()
    rows = page.scans.table.rows()
    assert [row["lesion"] for row in rows if any(row.values())] == ["Lesion 1", "Lesion 2"]
    for row, suv in zip(rows, (12.0, 7.0), strict=False):
        # Stored as integers of 1/32000 of the slice's maximum.
        assert float(row["suv_max"]) == pytest.approx(suv, rel=1e-3)
        assert float(row["suv_mean"]) == pytest.approx(suv, rel=1e-3)
        assert float(row["volume_ml"]) == pytest.approx(LESION_ML, rel=1e-6)
    assert float(rows[0]["liver"]) == pytest.approx(4.0, rel=1e-3)
    assert float(rows[0]["blood"]) == pytest.approx(1.5, rel=1e-3)
    # Nothing is in the course until it is taken.
    assert window.session.document.case is before
    page.take()
    (kept,) = window.session.document.case.follow_up.receptor_scans
    assert kept.series_sha256 == drawing.study.image.sha256
    # The file of the VOIs gives the same numbers by the way of files.
    drawing.save_to(tmp_path / "drawn.dcm")
    assert drawing.is_saved
    image = read_receptor_image(pet, time_zone="Europe/Warsaw")
    by_file = receptor_scan(image, [tmp_path / "drawn.dcm"], SegmentationRule("fraction-of-max", 0.41))
    drawn = drawing_scan(drawing)
    assert (by_file.lesions, by_file.reference_suv_mean) == (drawn.lesions, drawn.reference_suv_mean)
    page.draw_on(pet, (tmp_path / "drawn.dcm",))
    wait_until_idle(window)
    assert page.drawing is drawing
    assert sorted(voi.name for voi in drawing.vois) == ["Aorta", "Lesion 1", "Lesion 2", "Liver"]
    assert drawing.is_saved


def drawing_scan(drawing: ReceptorDrawing) -> ReceptorScan:
    """What is drawn, measured without the window."""
    return measured_vois(drawing.study, drawing.vois, SegmentationRule("fraction-of-max", 0.41), progress=no_progress)


def test_that_an_organ_is_no_lesion_and_measuring_again_keeps_what_fdg_showed(
    window: MainWindow, page: ReceptorPage, pet: Path
) -> None:
    drawing = drawn_on(window, page, pet)
    outline(drawing, "Liver", -40, 40)
    measure(drawing)
    assert "no VOI is a lesion" in drawing.message.text()
    outline(drawing, "Lesion 1", -40, -40)
    measure(drawing)
    (row,) = (row for row in page.scans.table.rows() if any(row.values()))
    page.scans.table.replace_rows([row | {"fdg_suv_max": "3"}])
    outline(drawing, "Lesion 2", 40, -40)
    measure(drawing)
    found = [(row["lesion"], row["fdg_suv_max"]) for row in page.scans.table.rows() if any(row.values())]
    assert found == [("Lesion 1", "3"), ("Lesion 2", "")]


def test_that_unsaved_vois_are_come_back_to_and_another_patients_pet_is_refused(
    window: MainWindow, page: ReceptorPage, pet: Path, tmp_path: Path
) -> None:
    drawing = drawn_on(window, page, pet)
    outline(drawing, "Lesion 1", -40, -40)
    drawing.close()
    assert drawing.isVisible()
    assert "NOT SAVED" in drawing.message.text()
    outline(drawing, "Lesion 2", 40, -40)
    QApplication.processEvents()
    drawing.close()
    assert drawing.isVisible(), "what was drawn since is not given up by the close before"
    page.draw.click()  # asks for no folder
    assert f"VOIs of {VISIT.patient_id} that are not saved" in page.message.text()
    window.close()
    assert window.isVisible()
    message = window.job_strip.findChild(QWidget, "job_message")
    assert message is not None
    assert "NOT SAVED: VOIs drawn on a receptor PET" in message.accessibleName()
    open_other(window, tmp_path)
    assert drawing.isVisible()
    assert [voi.name for voi in drawing.vois] == ["Lesion 1", "Lesion 2"]
    measure(drawing)
    assert "left out: another course is open now" in drawing.message.text()
    assert drawing.message.property("role") == "warning"
    assert not any(any(row.values()) for row in page.scans.table.rows())
    drawing.close()
    drawing.close()
    assert not drawing.isVisible()
    page.draw_on(pet)
    wait_until_idle(window)
    assert page.drawing is drawing
    assert f"is of patient {VISIT.patient_id}" in page.message.text()


def test_that_vois_drawn_while_another_scan_is_read_are_not_given_up(
    window: MainWindow, page: ReceptorPage, pet: Path, tmp_path: Path
) -> None:
    drawing = drawn_on(window, page, pet)
    outline(drawing, "Lesion 1", -40, -40)
    drawing.save_to(tmp_path / "drawn.dcm")
    page.draw_on(pet)
    drawing.step.rename_voi(drawing.vois[0].voi_id, "Lesion 2")
    wait_until_idle(window)
    assert page.drawing is drawing
    assert [voi.name for voi in drawing.vois] == ["Lesion 2"]
    assert "that are not saved" in page.message.text()


def test_that_closing_the_window_twice_closes_the_drawing_but_asks_about_the_course_too(
    window: MainWindow, page: ReceptorPage, pet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = drawn_on(window, page, pet)
    outline(drawing, "Lesion 1", -40, -40)
    page.window().close()  # The drawing isn't saved: it stays by itself.
    window.close()
    outline(drawing, "Lesion 2", 40, -40)
    window.close()
    assert window.isVisible(), "what was drawn since is not given up by the close before"
    monkeypatch.setattr(window.opening.courses, "close", lambda: False)
    window.close()
    message = window.job_strip.findChild(QWidget, "job_message")
    assert message is not None
    assert "without the last changes" in message.accessibleName()
    assert window.isVisible()
    window.close()
    assert not window.isVisible()
    assert not drawing.isVisible(), "the program would not end"


def open_other(window: MainWindow, folder: Path) -> None:
    """The course of another patient."""
    other = folder / "other"
    other.mkdir()
    (other / "case.toml").write_text(CASE.replace('"P-7"', '"P-8"'), "utf-8")
    window.opening.open_case(read_case(other))
    wait_until_idle(window)
