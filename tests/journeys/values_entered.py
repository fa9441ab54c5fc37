"""What is entered by hand for a cycle, in the window of follow-up: blood pasted, laboratory typed, sizes of lesions."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app.follow_up import laboratory_page, response_page
from app.follow_up.window import FollowUpWindow
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.laboratory import LABORATORY_NAMES
from tests.journeys.four_cycles import PICTURES

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
DRAWN_H = (5 / 60, 10 / 60, 40 / 60, 4.0, 24.0)
TYPED = ("+5 min", "+10 min", "+40 min", "+4 h", "+24 h")
LABORATORY = {
    "Haemoglobin": ("121", "g/L"),
    "Platelets": ("210", ""),
    "Leukocytes": ("5,6", ""),
    "Neutrophils": ("3,4", ""),
    "Lymphocytes": ("1,3", ""),
    "Creatinine": ("0,86", "mg/dL"),
    "ALT": ("22", ""),
    "AST": ("25", ""),
    "Bilirubin": ("9", ""),
    "Karnofsky": ("90", ""),
}
"""As a laboratory reports them, two of them in other units than the course's."""
UPPER = {"ALT": "35", "AST": "35", "Bilirubin": "21"}
SIZES_MM = (50, 45, 38, 34)


def blood_kbq_per_ml(lutetium_mbq: float) -> list[float]:
    """A tenth of the activity in 5 L of blood when the infusion ends, most of it gone within the hour."""
    at_end = 0.1 * lutetium_mbq / 5.0
    return [at_end * (0.85 * 0.5 ** (hours / 0.5) + 0.15 * 0.5 ** (hours / 9.5)) for hours in DRAWN_H]


def follow_up_of(window: MainWindow) -> FollowUpWindow:
    """The window of follow-up, opened by its key's act."""
    window.actions_table.actions["follow_up"].trigger()
    found = window.findChild(FollowUpWindow, "follow_up_window")
    assert found is not None
    return found


def enter_values(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, start: datetime, number: int, lutetium_mbq: float
) -> None:
    """Blood, laboratory and tumours of a cycle; the laboratory is of three weeks after its administration."""
    window.session.view_state.set_cycle(number - 1)
    shown = follow_up_of(window)
    enter_blood(window, shown, number, lutetium_mbq)
    today = (start + timedelta(weeks=3)).date()
    monkeypatch.setattr(laboratory_page, "today", lambda: today)
    monkeypatch.setattr(response_page, "today", lambda: today)
    enter_laboratory(window, shown, number, today)
    enter_tumours(window, shown, number, today)
    if PICTURES:
        for name in ("laboratory", "safety", "response"):
            shown.show_page(name)
            wait_until_idle(window)
            assert shown.grab().save(f"{PICTURES}/cycle{number}-{name}.png")
    shown.close()


def enter_blood(window: MainWindow, shown: FollowUpWindow, number: int, lutetium_mbq: float) -> None:
    """Pasted from a spreadsheet with decimal commas."""
    shown.show_page("samples")
    page = shown.samples
    values = blood_kbq_per_ml(lutetium_mbq)
    lines = [f"{time}\t{value:.4f}".replace(".", ",") for time, value in zip(TYPED, values, strict=True)]
    QGuiApplication.clipboard().setText("\n".join(lines))
    page.blood.table.go_to(0, "time")
    QTest.keyClick(page.blood.table, Qt.Key.Key_V, CONTROL)
    assert "5 samples" in page.blood.note.text(), page.blood.note.text()
    QTest.mouseClick(page.blood.take, LEFT)
    wait_until_idle(window)
    samples = window.session.document.case.cycles[number - 1].blood_samples
    assert [s.activity_concentration_bq_per_ml["Lu-177"] for s in samples] == pytest.approx(
        [value * 1e3 for value in values], rel=1e-4
    )


def enter_laboratory(window: MainWindow, shown: FollowUpWindow, number: int, day: date) -> None:
    """Typed value by value, and the site's limits once."""
    shown.show_page("laboratory")
    page, table = shown.laboratory, shown.laboratory.card.table
    page.choose(None)
    QTest.keyClicks(page.day, day.isoformat())
    rows = [name for name, _unit in LABORATORY_NAMES.values()]
    for name, (value, unit) in LABORATORY.items():
        table.go_to(rows.index(name), "value")
        QTest.keyClicks(table, value[0])
        editor = QApplication.focusWidget()
        assert isinstance(editor, QLineEdit)
        QTest.keyClicks(editor, value[1:])
        QTest.keyClick(editor, Qt.Key.Key_Return)
        # Enter closes the field on the next turn of the event loop.
        QApplication.processEvents()
        for column, text in (("unit", unit), ("upper", UPPER.get(name, "") if number == 1 else "")):
            if text:
                table.go_to(rows.index(name), column)
                table.paste_text(text)
    assert "10 values" in page.card.note.text(), page.card.note.text()
    QTest.mouseClick(page.card.take, LEFT)
    wait_until_idle(window)
    result = window.session.document.case.cycles[number - 1].laboratory[-1]
    assert result.date == day
    assert result.values["haemoglobin_g_per_dl"] == 12.1
    assert result.values["creatinine_umol_per_l"] == pytest.approx(0.86 * 88.42)


def enter_tumours(window: MainWindow, shown: FollowUpWindow, number: int, day: date) -> None:
    """The lesion once, its size at every cycle."""
    shown.show_page("response")
    page = shown.response
    if number == 1:
        page.lesions.table.go_to(0, "name")
        page.lesions.table.paste_text("Liver S6\tliver\ttarget")
        QTest.mouseClick(page.lesions.take, LEFT)
        wait_until_idle(window)
    page.assessments.table.go_to(number - 1, "date")
    page.assessments.table.paste_text(f"{day.isoformat()}\t{SIZES_MM[number - 1]}")
    QTest.mouseClick(page.assessments.take, LEFT)
    wait_until_idle(window)
    responses = window.session.document.case.follow_up.responses
    assert [response.sizes_mm["Liver S6"] for response in responses] == list(SIZES_MM[:number])
