"""Blood, whole body and laboratory are entered in the window as a user does: typed, checked, taken, undone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app.follow_up.window import FollowUpWindow
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from widgets.entry_table import EntryTable

LEFT = Qt.MouseButton.LeftButton


def typed(table: EntryTable, text: str, key: Qt.Key) -> None:
    """Type into the current cell; after Tab the next one is open already."""
    if table.state() != EntryTable.State.EditingState:
        QTest.keyClicks(table, text[0])
        text = text[1:]
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, key)


def test_that_blood_is_typed_checked_taken_and_undone(window: MainWindow, follow_up: FollowUpWindow) -> None:
    page, table = follow_up.samples, follow_up.samples.blood.table
    table.go_to(0, "time")
    typed(table, "+5 min", Qt.Key.Key_Tab)
    typed(table, "300000", Qt.Key.Key_Return)
    assert not page.blood.take.isEnabled()
    assert "more than all that was given" in page.blood.note.text()
    table.go_to(0, table.columns[2].key)
    typed(table, "300,5", Qt.Key.Key_Return)
    assert page.blood.take.isEnabled()
    assert table.shown(0, "after") == "5 min"
    before = window.session.document.case
    QTest.mouseClick(page.blood.take, LEFT)
    wait_until_idle(window)
    case = window.session.document.case
    assert [s.activity_concentration_bq_per_ml["Lu-177"] for s in case.cycles[0].blood_samples] == [300.5e3]
    assert window.session.document.undo_label == "Blood samples of cycle 1"
    assert "As the course holds it, 1 sample" in page.blood.note.text()
    follow_up.undo()
    assert window.session.document.case is before
    wait_until_idle(window)
    assert [row for row in table.rows() if any(row.values())] == []


def test_that_undo_takes_back_what_was_typed_before_it_touches_the_course(
    window: MainWindow, follow_up: FollowUpWindow
) -> None:
    table = follow_up.samples.blood.table
    table.go_to(0, "time")
    typed(table, "+5 min", Qt.Key.Key_Tab)
    follow_up.undo()
    assert [row for row in table.rows() if any(row.values())] == []
    assert window.session.document.position == 0


def test_that_counts_become_concentrations_and_both_are_kept(window: MainWindow, follow_up: FollowUpWindow) -> None:
    page = follow_up.samples
    page.way.setCurrentIndex(1)
    assert "efficiency" in page.blood.note.text() or not page.blood.take.isEnabled()
    QTest.keyClicks(page.efficiency, "45")
    QGuiApplication.clipboard().setText("+5 min\t270000\t60\t+2 h\t\t0,53")
    page.blood.table.go_to(0, "time")
    QTest.mouseClick(page.blood.paste, LEFT)
    # 270000/60 counts/s over 45 counts/s/kBq and 0.53 g/(1.06 g/mL) = 200 kBq/mL, decayed for two hours less 5 min.
    assert float(page.blood.table.shown(0, "result")) == pytest.approx(200.0 * 2 ** ((115 / 60) / 159.5), rel=1e-3)
    QTest.mouseClick(page.blood.take, LEFT)
    sample = window.session.document.case.cycles[0].blood_samples[0]
    assert sample.counted["Lu-177"].counts == 270000
    assert sample.relative_standard_uncertainty == pytest.approx(270000**-0.5)
    wait_until_idle(window)
    assert page.counter.isVisibleTo(page)


def test_that_whole_body_measurements_come_from_a_file(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path
) -> None:
    file = tmp_path / "probe.csv"
    file.write_text("time;MBq\n+2 h;6200\n+1 10:30;2100,5\n", "utf-8")
    page = follow_up.samples
    page.import_body(file)
    assert window.session.document.position == 0
    QTest.mouseClick(page.body.take, LEFT)
    assert window.session.document.case.cycles[0].whole_body.activity_bq == pytest.approx((6200e6, 2100.5e6))
    file.write_text("time;Bq\n+2 h;6200\n", "utf-8")
    page.import_body(file)
    assert "not known" in page.body.note.text()


def test_that_a_new_day_of_the_laboratory_is_typed_with_units(window: MainWindow, follow_up: FollowUpWindow) -> None:
    follow_up.show_page("laboratory")
    page = follow_up.laboratory
    assert page.chosen_day() == date(2025, 3, 1)
    page.choose(None)
    table = page.card.table
    row = next(n for n, cells in enumerate(table.rows()) if cells["name"] == "Creatinine")
    table.go_to(row, "value")
    typed(table, "0,95", Qt.Key.Key_Tab)
    assert "the date is missing" in page.card.note.text()
    QTest.keyClicks(page.day, "20.03.2025")
    assert "would fit" in page.card.note.text() or "fit in mg/dL" in page.card.note.text()
    assert not page.card.take.isEnabled()
    table.go_to(row, "unit")
    typed(table, "mg/dl", Qt.Key.Key_Return)
    assert table.shown(row, "taken") == "0.95 mg/dL = 84 µmol/L"
    assert table.shown(row, "grade") == "?"
    table.go_to(row, "upper")
    typed(table, "0,9", Qt.Key.Key_Return)
    assert table.shown(row, "grade") == "1"
    QTest.mouseClick(page.card.take, LEFT)
    wait_until_idle(window)
    case = window.session.document.case
    assert [r.date for r in case.cycles[0].laboratory] == [date(2025, 3, 1), date(2025, 3, 20)]
    assert case.cycles[0].laboratory[1].values["creatinine_umol_per_l"] == pytest.approx(83.999)
    assert case.laboratory_limits["creatinine_umol_per_l"].upper == pytest.approx(79.578)
    assert case.laboratory_limits["platelets_1e9_per_l"].lower == 150
    assert page.chosen_day() == date(2025, 3, 20)
    follow_up.undo()
    wait_until_idle(window)
    assert len(window.session.document.case.cycles[0].laboratory) == 1


@pytest.mark.parametrize(
    ("day", "said"),
    [("2025-03-01", "has values of this day"), ("2999-01-01", "future"), ("1950-01-01", "birth"), ("1.3.", "no day")],
)
def test_that_a_day_that_cannot_be_is_refused(follow_up: FollowUpWindow, day: str, said: str) -> None:
    page = follow_up.laboratory
    page.choose(None)
    page.card.table.go_to(0, "value")
    page.card.table.paste_text("12.1")
    QTest.keyClicks(page.day, day)
    assert said in page.card.note.text()
    assert not page.card.take.isEnabled()


def test_that_a_file_is_shown_before_it_is_taken_and_other_values_stay(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path
) -> None:
    file = tmp_path / "laboratory.csv"
    file.write_text(
        "date;name;value;unit\n2025-03-01;PLT;215000;/µl\n2025-03-20;PLT;150;G/l\n2025-03-20;Hb;119;g/l\n", "utf-8"
    )
    page = follow_up.laboratory
    page.read_file(file)
    assert window.session.document.position == 0
    assert "take the place of others" in page.import_text.text()
    assert page.preview.text("2025-03-20.haemoglobin_g_per_dl", "value") == "119 g/L = 11.9 g/dL"
    QTest.mouseClick(page.take_import, LEFT)
    first, second = window.session.document.case.cycles[0].laboratory
    assert dict(first.values) == {"platelets_1e9_per_l": 215.0, "creatinine_umol_per_l": 76.0}
    assert dict(second.values) == {"platelets_1e9_per_l": 150.0, "haemoglobin_g_per_dl": 11.9}
    file.write_text("date;name;value;unit\n2025-03-21;PLT;150;G/l\n2025-03-21;Hb;119;g/dl\n", "utf-8")
    page.read_file(file)
    assert not page.take_import.isEnabled()
    assert "line 3" in page.import_text.text()


def test_that_what_was_typed_stays_while_the_course_changes_and_says_so(
    window: MainWindow, follow_up: FollowUpWindow
) -> None:
    page = follow_up.samples
    page.blood.table.go_to(0, "time")
    page.blood.table.paste_text("+5 min\t300")
    QTest.mouseClick(page.blood.take, LEFT)
    wait_until_idle(window)
    page.blood.table.go_to(1, "time")
    page.blood.table.paste_text("+4 h\t95")
    window.session.document.undo()
    wait_until_idle(window)
    assert len([row for row in page.blood.table.rows() if any(row.values())]) == 2
    assert "other values by now" in page.blood.note.text()
    QTest.mouseClick(page.blood.back, LEFT)
    assert [row for row in page.blood.table.rows() if any(row.values())] == []
