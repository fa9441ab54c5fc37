"""The import step in the real window: folders looked into and dropped, studies taken, corrections with reasons."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from app.main_window import MainWindow
from app.new_course import NewCourse
from app.screenshots import wait_until_idle
from app.steps.folder_contents_dialog import FolderContentsDialog
from app.steps.import_step import ImportStep
from app.steps.new_course_dialog import NewCourseDialog
from dosimetry_core.errors import InputProblems
from tests.app.courses.window_work import Open, paint
from tests.dosimetry_core.dicom.dialects import edits, in_detector, setting, without
from tests.phantoms import Visit, bqml_series, ct_series, nm_file
from tests.small_study import CASE, CT, HOURS, KIDNEYS_MM, SPECT, write_small_case

LEFT = Qt.MouseButton.LeftButton
PICTURES = os.environ.get("LUTETIA_PICTURES", "")


def _picture(widget: object, name: str) -> None:
    """For looking at it by eye."""
    if PICTURES:
        QApplication.processEvents()
        widget.grab().save(str(Path(PICTURES) / f"{name}.png"))  # type: ignore[attr-defined]


def _import_step(window: MainWindow) -> ImportStep:
    window.go_to("import")
    step = window.step("import")
    assert isinstance(step, ImportStep)
    return step


@pytest.fixture
def window(opened: Open, tmp_path: Path) -> MainWindow:
    folder = write_small_case(tmp_path / "case", CASE.replace('["images"]', '["images/visit1", "images/visit2"]'))
    window = opened()
    window.resize(1600, 1000)
    window.show()
    window.opening.open_path(folder)
    wait_until_idle(window)
    return window


def _mixed_folder(folder: Path) -> Path:
    """The third and fourth scan of the patient, a broken file, and a scan of somebody else."""
    first = Visit()
    for index in (2, 3):
        start = first.start + timedelta(hours=HOURS[index] - HOURS[0])
        visit = Visit(f"visit {index + 1}", start=start, frame_uid=first.frame_uid)
        counts = np.zeros(SPECT.shape, np.uint16)
        counts[7:13, 18:24, 30:36] = 2000 // (index + 1)
        nm_file(folder / f"later{index + 1}" / "spect.dcm", counts, SPECT, visit)
        ct_series(folder / f"later{index + 1}" / "ct", np.full(CT.shape, 40, np.int16), CT, visit)
    nm_file(
        folder / "other" / "spect.dcm", counts, SPECT, Visit("other", "P-2", "Żółć^Łucja", frame_uid=first.frame_uid)
    )
    (folder / "torn.dcm").write_bytes((folder / "later3" / "spect.dcm").read_bytes()[:3000])
    return folder


def _dialog(window: MainWindow) -> FolderContentsDialog:
    wait_until_idle(window)
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, FolderContentsDialog)]
    return next(dialog for dialog in dialogs if dialog.isVisible())


def test_that_a_dropped_folder_is_listed_and_its_studies_are_taken(window: MainWindow, tmp_path: Path) -> None:
    step = _import_step(window)
    folder = _mixed_folder(tmp_path / "from the scanner")
    what = QMimeData()
    what.setUrls([QUrl.fromLocalFile(str(folder))])
    action, buttons, keys = Qt.DropAction.CopyAction, LEFT, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), action, what, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), action, what, buttons, keys))
    dialog = _dialog(window)
    _picture(dialog, "folder")
    tops = [dialog.tree.topLevelItem(n).text(0) for n in range(dialog.tree.topLevelItemCount())]
    assert tops == ["Whose is not known", "P-1 · Demo^Patient", "P-2 · Żółć^Łucja"]
    assert "torn.dcm" in {one.paths[0].rpartition("/")[2] for one in dialog._found if one.verdict == "error"}
    # Another patient's study can't be taken.
    other = next(item for item, series in dialog._studies if series[0].patient_id == "P-2")
    other.setCheckState(0, Qt.CheckState.Checked)
    assert not dialog.take_button.isEnabled()
    assert "untick" in dialog.message.text()
    other.setCheckState(0, Qt.CheckState.Unchecked)
    before = window.session.document.case
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)
    cycle = window.session.document.case.cycles[0]
    assert len(cycle.time_points) == 4
    assert [Path(path).name for path in cycle.image_paths] == ["visit1", "visit2", "later3", "later4"]
    assert [voi.name for voi in cycle.vois] == [voi.name for voi in before.cycles[0].vois]
    _picture(window, "import")
    window.session.document.undo()
    assert window.session.document.case is before
    assert step.summary() == "2 scans in 1 cycle"


def test_that_vois_of_a_study_are_taken_with_it_and_drawn_ones_stay_as_they_are(opened: Open, tmp_path: Path) -> None:
    text = CASE.replace('["images"]', '["images/visit1", "images/visit2"]').replace('vois = ["vois.dcm"]\n', "")
    folder = write_small_case(tmp_path / "case", text)
    window = opened()
    window.resize(1600, 1000)
    window.show()
    window.opening.open_path(folder)
    wait_until_idle(window)
    assert window.session.document.case.cycles[0].vois == ()
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    (folder / "vois.dcm").rename(drawn / "kidneys.dcm")
    _import_step(window)
    QTest.mouseClick(_dropped(window, drawn).take_button, LEFT)
    wait_until_idle(window)
    cycle = window.session.document.case.cycles[0]
    assert [voi.name for voi in cycle.vois] == list(KIDNEYS_MM)
    assert [Path(path).name for path in cycle.voi_paths] == ["kidneys.dcm"]
    assert len(cycle.time_points) == 2
    paint(window, 1)
    wait_until_idle(window)
    edited = [voi.mask for voi in window.session.document.case.cycles[0].vois]
    assert edited[0] is not cycle.vois[0].mask
    dialog = _dropped(window, _mixed_folder(tmp_path / "from the scanner"))
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)
    after = window.session.document.case.cycles[0]
    assert len(after.time_points) == 4
    assert [voi.mask for voi in after.vois] == edited


def test_that_the_partial_volume_correction_is_chosen_for_a_cycle_and_without_one_nothing_is_computed(
    window: MainWindow,
) -> None:
    step, document = _import_step(window), window.session.document
    assert document.case.cycles[0].calibration.partial_volume == "none"
    assert step.partial_volume.choice.currentText() == "none"
    QTest.keyClick(step.partial_volume.choice, Qt.Key.Key_Home)
    wait_until_idle(window)
    assert document.case.cycles[0].calibration.partial_volume is None
    assert "partial-volume correction is not chosen" in str(window.session.recomputation.failure)
    QTest.keyClick(step.partial_volume.choice, Qt.Key.Key_End)
    wait_until_idle(window)
    assert document.case.cycles[0].calibration.partial_volume == "none"
    assert window.session.recomputation.failure is None
    assert window.session.is_current
    assert document.undo()
    wait_until_idle(window)
    assert step.partial_volume.choice.currentText() == "not chosen"


def test_that_a_correction_keeps_the_original_and_needs_a_reason(window: MainWindow) -> None:
    step = _import_step(window)
    section, document = step.corrections, window.session.document
    before = document.case
    section.value.setText("90")
    QTest.mouseClick(section.button, LEFT)
    assert "reason" in section.message.text()
    assert document.case is before
    section.reason.setText("clock compared with the radio clock")
    QTest.mouseClick(section.button, LEFT)
    wait_until_idle(window)
    old, new = before.cycles[0], document.case.cycles[0]
    shifts = [
        (b.spect.acquisition_start - a.spect.acquisition_start).total_seconds()
        for a, b in zip(old.time_points, new.time_points, strict=True)
    ]
    assert shifts == [90.0, 90.0]
    assert [voi.mask for voi in new.vois] == [voi.mask for voi in old.vois]
    assert [p.registration for p in new.time_points] == [p.registration for p in old.time_points]
    command = document._commands[-1]
    assert (command.label, command.why) == ("Correct Scanner's clock (s): 90", "clock compared with the radio clock")
    row = {one.key: one for one in step.corrections.table._rows}["scanner-clock"]
    assert "14:05:00" in str(row.cells["original"])
    assert "14:06:30" in str(row.cells["used"])
    _picture(window, "corrected")


def test_that_a_value_that_is_none_is_refused_in_words(window: MainWindow) -> None:
    section = _import_step(window).corrections
    before = window.session.document.case
    section.value.setText("soon")
    section.reason.setText("tried")
    QTest.mouseClick(section.button, LEFT)
    wait_until_idle(window)
    assert "'soon' can't be taken" in section.message.text()
    assert window.session.document.case is before


def test_that_a_scanners_habits_are_kept_under_a_name_and_applied(window: MainWindow, data: Path) -> None:
    step = _import_step(window)
    section = step.corrections
    section.value.setText("-30")
    section.reason.setText("clock is early")
    QTest.mouseClick(section.button, LEFT)
    wait_until_idle(window)
    section.keep_profile("Camera 2")
    assert (data / "scanner-profiles.toml").exists()
    assert section.profiles.itemText(0) == "Camera 2: scanner's clock -30 s"
    window.session.document.undo()
    wait_until_idle(window)
    assert dict(window.session.document.case.cycles[0].clock_offset_s) == {}
    QTest.mouseClick(section.apply_button, LEFT)
    wait_until_idle(window)
    assert dict(window.session.document.case.cycles[0].clock_offset_s) == {"scanner": -30.0}
    assert window.session.document._commands[-1].why == "scanner profile Camera 2: scanner's clock -30 s"
    section.rename_profile("Camera two")
    assert section.profiles.itemText(0).startswith("Camera two")
    section.delete_profile()
    assert section.profiles.count() == 0


def _dropped(window: MainWindow, folder: Path) -> FolderContentsDialog:
    what = QMimeData()
    what.setUrls([QUrl.fromLocalFile(str(folder))])
    action, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(200, 200), action, what, LEFT, keys))
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), action, what, LEFT, keys))
    return _dialog(window)


def _ticked(dialog: FolderContentsDialog, patient_id: str) -> None:
    for item, series in dialog._studies:
        is_of = series[0].patient_id == patient_id
        item.setCheckState(0, Qt.CheckState.Checked if is_of else Qt.CheckState.Unchecked)


def test_that_a_folder_dropped_where_no_course_is_open_begins_one(opened: Open, tmp_path: Path) -> None:
    window = opened()
    window.resize(1600, 1000)
    window.show()
    folder = _mixed_folder(tmp_path / "from the scanner")
    dialog = _dropped(window, folder)
    assert "No course is open" in dialog.message.text()
    for item, _series in dialog._studies:
        item.setCheckState(0, Qt.CheckState.Checked)
    assert "of one patient" in dialog.message.text()
    assert not dialog.take_button.isEnabled()
    _ticked(dialog, "P-1")
    QTest.mouseClick(dialog.take_button, LEFT)
    (asked,) = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, NewCourseDialog)]
    QTest.mouseClick(asked.make_button, LEFT)
    for field in ("sex", "protocol", "administered_activity_mbq", "start", "infusion"):
        assert field in asked.message.text()
    assert not window.session.case.cycles
    _picture(asked, "new-course-missing")
    asked.sex.setCurrentText("F")
    asked.time_zone.setText("Europe/Warsaw")
    asked.protocol.setCurrentText("duonen-d")
    asked.lutetium.setText("7400")
    asked.start.setText("2025-03-03 09:50")
    asked.infusion.setText("30")
    _picture(asked, "new-course")
    QTest.mouseClick(asked.make_button, LEFT)
    wait_until_idle(window)
    case = window.session.case
    assert (case.patient.patient_id, case.patient.sex, case.course.protocol) == ("P-1", "F", "duonen-d")
    (cycle,) = case.cycles
    assert [len(point.ct.source_files) for point in cycle.time_points if point.ct] == [CT.shape[0]] * 2
    assert cycle.administrations[0].administered_activity_bq == 7.4e9
    assert window.session.journal is not None
    assert not (folder / "case.toml").exists()
    _picture(window, "new-course-opened")


def test_that_what_a_new_course_lacks_is_said_by_its_field(tmp_path: Path) -> None:
    typed = NewCourse("P-1", "Demo^Patient", "F", "Mars/Olympus", "duonen-d", "7400", "x", "yesterday", "-3")
    with pytest.raises(InputProblems) as caught:
        typed.case(tmp_path, ["a"])
    said = caught.value.line()
    for words in ("Mars/Olympus", "administered_activity_mbq", "start", "infusion_min"):
        assert words in said


def _later_scan_with_questions(folder: Path, number: int = 3) -> Path:
    """A later scan of the patient without its unit and without a word on where it lies."""
    first = Visit()
    start = first.start + timedelta(hours=HOURS[number - 1] - HOURS[0])
    visit = Visit(f"visit {number}", start=start, frame_uid=first.frame_uid)
    counts = np.zeros(SPECT.shape, np.uint16)
    counts[7:13, 18:24, 30:36] = 700
    nm_file(
        folder / "spect.dcm", counts, SPECT, visit, edit=edits(without("Units"), in_detector(ImagePositionPatient=None))
    )
    ct_series(folder / "ct", np.full(CT.shape, 40, np.int16), CT, visit)
    return folder


def test_that_what_files_leave_open_is_asked_before_they_are_taken(window: MainWindow, tmp_path: Path) -> None:
    dialog = _dropped(window, _later_scan_with_questions(tmp_path / "from the scanner"))
    fields, reason = dialog.questions.fields, dialog.questions.reason
    (open_one,) = [one for one in dialog._found if one.verdict == "question"]
    assert open_one.questions == ("image_position_mm", "image_quantity")
    shown = {key: field.isVisible() for key, field in fields.items()}
    assert shown == {"image-quantity": True, "decay-reference": False, "image-position": True}
    assert not dialog.take_button.isEnabled()
    assert "what the values are" in dialog.message.text()
    unit, place = fields["image-quantity"], fields["image-position"]
    assert isinstance(unit, QComboBox)
    assert isinstance(place, QLineEdit)
    unit.setCurrentText("counts")
    assert "first voxel" in dialog.message.text()
    place.setText("; ".join(f"{value:g}" for value in SPECT.origin_mm))
    assert "how you know" in dialog.message.text()
    reason.setText("protocol of the reconstruction")
    _picture(dialog, "questions")
    assert dialog.take_button.isEnabled()
    before = window.session.document.case
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)
    cycle = window.session.document.case.cycles[0]
    assert len(cycle.time_points) == 3
    assert cycle.calibration.image_quantity == "counts"
    why = window.session.document._commands[-1].why
    assert "What the values are: counts" in why
    assert "protocol of the reconstruction" in why
    assert np.allclose(cycle.time_points[2].spect.volume.geometry.origin_mm, SPECT.origin_mm)
    assert {f.code for f in cycle.time_points[2].spect.findings} >= {"image-position-entered"}
    # The others said it themselves, and are read as before.
    for point, held in zip(cycle.time_points[:2], before.cycles[0].time_points, strict=True):
        assert np.array_equal(point.spect.volume.values, held.spect.volume.values)
    # The next scan leaves the same open: what was said is shown, counts for it and is not asked again.
    again = _dropped(window, _later_scan_with_questions(tmp_path / "from the scanner again", 4))
    assert "What the values are: counts" in again.questions.known.text()
    assert not any(field.isVisible() for field in again.questions.fields.values())
    _picture(again, "questions-answered")
    assert again.take_button.isEnabled()
    QTest.mouseClick(again.take_button, LEFT)
    wait_until_idle(window)
    later = window.session.document.case.cycles[0]
    assert len(later.time_points) == 4
    assert later.calibration == cycle.calibration
    window.session.document.undo()
    window.session.document.undo()
    assert window.session.document.case is before


def test_that_images_looked_at_for_one_course_are_not_taken_into_another(window: MainWindow, tmp_path: Path) -> None:
    dialog = _dropped(window, _mixed_folder(tmp_path / "from the scanner"))
    _ticked(dialog, "P-1")
    window.opening.open_path(write_small_case(tmp_path / "other case", CASE))
    wait_until_idle(window)
    before = window.session.document.case
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)
    assert window.session.document.case is before


def test_that_a_place_that_is_none_takes_nothing(window: MainWindow, tmp_path: Path) -> None:
    dialog = _dropped(window, _later_scan_with_questions(tmp_path / "from the scanner"))
    unit, place = dialog.questions.fields["image-quantity"], dialog.questions.fields["image-position"]
    assert isinstance(unit, QComboBox)
    assert isinstance(place, QLineEdit)
    unit.setCurrentText("counts")
    place.setText("somewhere")
    dialog.questions.reason.setText("a guess")
    before = window.session.document.case
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)
    assert window.session.document.case is before


def test_that_a_course_can_begin_with_contradictory_decay_tags_once_they_are_answered(
    opened: Open, tmp_path: Path
) -> None:
    window = opened()
    window.resize(1600, 1000)
    window.show()
    folder = tmp_path / "from the scanner"
    activity = np.ones(SPECT.shape)
    activity[7:13, 18:24, 30:36] = 1e5
    contradictory = edits(setting(DecayCorrection="NONE"), setting(DecayFactor="1.0"))
    bqml_series(folder / "spect", activity, SPECT, edit=contradictory)
    ct_series(folder / "ct", np.full(CT.shape, 40, np.int16), CT)
    dialog = _dropped(window, folder)
    _ticked(dialog, "P-1")
    assert not dialog.take_button.isEnabled()
    assert not dialog.questions.reason.isVisible()
    decay = dialog.questions.fields["decay-reference"]
    assert isinstance(decay, QComboBox)
    assert decay.currentText() == ""
    decay.setCurrentText("acquisition start")
    QTest.mouseClick(dialog.take_button, LEFT)
    asked = next(
        widget
        for widget in QApplication.topLevelWidgets()
        if isinstance(widget, NewCourseDialog) and widget.isVisible()
    )
    asked.sex.setCurrentText("F")
    asked.time_zone.setText("Europe/Warsaw")
    asked.protocol.setCurrentText("duonen-d")
    asked.lutetium.setText("7400")
    asked.start.setText("2025-03-03 09:50")
    asked.infusion.setText("30")
    QTest.mouseClick(asked.make_button, LEFT)
    wait_until_idle(window)
    (cycle,) = window.session.case.cycles
    assert cycle.calibration.image_decay_reference == "acquisition-start"
    (point,) = cycle.time_points
    assert point.spect.decay_reference == "acquisition-start"
    assert "decay-reference-entered" in {finding.code for finding in point.spect.findings}
