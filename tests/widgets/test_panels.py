from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from dosimetry_core.errors import Finding
from dosimetry_core.units import HOUR
from tests.widgets.pointer import CONTROL, Received, click, key, wheel
from widgets.display_bar import DisplayBar
from widgets.display_scale import ColourScale, WindowLevel
from widgets.findings_panel import FindingsPanel
from widgets.job_strip import JobStrip
from widgets.nudge_pad import NudgePad
from widgets.page_view import PageView
from widgets.patient_banner import BannerShown, PatientBanner
from widgets.step_rail import STEPS, StepRail
from widgets.time_strip import TimeCell, TimeStrip
from widgets.tool_bar import VoiToolBar


def added(qtbot, widget: QWidget, size=(500, 400)) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(*size)
    widget.show()
    return widget


FINDINGS = (
    Finding("offset", "info", "The clock offset of 2 min was applied."),
    Finding("tail", "warning", "45 % of the time-integrated activity is extrapolated (limit 30 %).", "Kidney R"),
    Finding("calibration", "error", "The scan at 192 h has no calibration.", "192 h"),
)


def test_that_the_gravest_finding_comes_first_and_levels_are_counted(qtbot):
    panel = added(qtbot, FindingsPanel())
    panel.show_findings(FINDINGS)
    assert [finding.level for finding in panel.findings()] == ["error", "warning", "info"]
    assert panel.findChild(QLabel, "findings_panel_summary").text() == "1 error, 1 warning, 1 remark"
    assert panel.findChild(QLabel, "findings_panel_0_text").text() == FINDINGS[2].text


def test_that_a_finding_its_why_and_its_acknowledgement_are_told_apart(qtbot):
    panel = added(qtbot, FindingsPanel())
    panel.set_acknowledgeable(True)
    panel.show_findings(FINDINGS)
    clicked, why, asked = (Received(s) for s in (panel.finding_clicked, panel.why_clicked, panel.acknowledge_requested))
    panel.findChild(QPushButton, "findings_panel_1_why").click()
    panel.findChild(QPushButton, "findings_panel_0_acknowledge").click()
    row = panel.findChild(QWidget, "findings_panel_1")
    click(row, QPointF(4, 4))
    assert clicked.values == [FINDINGS[1]]
    assert why.values == [FINDINGS[1]]
    assert asked.values == [FINDINGS[2]]


def test_that_an_acknowledged_finding_shows_its_reason_instead_of_the_button(qtbot):
    panel = added(qtbot, FindingsPanel())
    panel.set_acknowledgeable(True)
    panel.show_findings(FINDINGS, {("tail", "Kidney R"): "late scan refused by the patient"})
    assert "late scan refused" in panel.findChild(QLabel, "findings_panel_1_reason").text()
    assert panel.findChild(QPushButton, "findings_panel_1_acknowledge") is None
    assert panel.findChild(QPushButton, "findings_panel_2_acknowledge") is None


def test_that_every_finding_shows_its_whole_text_in_a_narrow_panel(qtbot):
    panel = added(qtbot, FindingsPanel(), (230, 500))
    panel.show_findings(FINDINGS)
    qtbot.wait(20)
    for number in range(3):
        text = panel.findChild(QLabel, f"findings_panel_{number}_text")
        assert text.height() >= text.heightForWidth(text.width())


def test_that_a_job_shows_progress_and_can_be_cancelled(qtbot):
    strip = added(qtbot, JobStrip(), (700, 40))
    cancelled = Received(strip.cancel_clicked)
    strip.start("align", "Align 48 h to 24 h")
    strip.set_progress("align", 0.42, "level 2 of 3")
    assert strip.findChild(QProgressBar, "job_align_progress").value() == 420
    strip.findChild(QPushButton, "job_align_cancel").click()
    assert cancelled.values == ["align"]
    strip.finish("align", "Aligned")
    strip.set_progress("align", 0.9, "too late")
    assert strip.running() == ()
    assert strip.message() == "Aligned"


def test_that_two_jobs_are_kept_apart_and_a_new_one_replaces_its_namesake(qtbot):
    strip = added(qtbot, JobStrip(), (900, 40))
    strip.start("a", "One")
    strip.start("b", "Two")
    strip.start("a", "One again")
    assert strip.running() == ("b", "a")
    strip.fail("b", "Two failed: no CT at 48 h")
    assert strip.running() == ("a",)
    assert "no CT" in strip.message()


def test_that_the_rail_has_eight_steps_and_names_the_clicked_one(qtbot):
    rail = added(qtbot, StepRail(), (140, 500))
    clicked = Received(rail.step_clicked)
    for number, step in enumerate(STEPS, start=1):
        button = rail.findChild(QWidget, f"step_{step}")
        assert f"Alt+{number}" in button.toolTip()
        button.click()
    assert clicked.values == list(STEPS)


def test_that_setting_the_rail_is_silent_and_each_state_looks_different(qtbot):
    rail = added(qtbot, StepRail(), (140, 500))
    clicked = Received(rail.step_clicked)
    rail.set_current("voi")
    pictures = []
    for state in ("empty", "in progress", "attention", "confirmed", "stale"):
        rail.set_state("dose", state, "")
        button = rail.findChild(QWidget, "step_dose")
        pictures.append(button.grab().toImage())
        assert state.split()[0] in button.toolTip() or state in ("empty", "attention")
    assert len(clicked) == 0
    assert all(a != b for n, a in enumerate(pictures) for b in pictures[n + 1 :])


CELLS = tuple(
    TimeCell(str(number), title, HOUR.to_core(delay), "Camera A", "registered, 0.4 mm", True)
    for number, (title, delay) in enumerate((("4 h", 4.1), ("24 h", 23.9), ("192 h", 191.6)))
)


def test_that_choosing_a_time_point_is_told_and_setting_it_is_not(qtbot):
    strip = added(qtbot, TimeStrip(), (800, 100))
    strip.show_cells(CELLS)
    changed = Received(strip.current_changed)
    strip.set_current("1")
    assert len(changed) == 0
    strip.findChild(QWidget, "time_cell_2").click()
    strip.findChild(QWidget, "time_cell_2").click()
    assert changed.values == ["2"]
    strip.show_cells(CELLS)
    assert strip.current() == "2"


def test_that_the_time_cell_says_delay_and_registration(qtbot):
    strip = added(qtbot, TimeStrip(), (800, 100))
    strip.show_cells(CELLS)
    tip = strip.findChild(QWidget, "time_cell_1").toolTip()
    assert "23.90 h" in tip
    assert "registered, 0.4 mm" in tip


def test_that_the_banner_shows_what_it_is_given_and_hides_the_rest(qtbot):
    banner = added(qtbot, PatientBanner(), (1200, 50))
    banner.show_patient(BannerShown("Doe, Jane", "LUT-1", "born 12 Mar 1961", "cycle 2 of 4", "7.40 GBq 177Lu"))
    assert banner.findChild(QLabel, "banner_name").text() == "Doe, Jane"
    assert banner.findChild(QLabel, "banner_administered").text() == "7.40 GBq 177Lu"
    assert not banner.findChild(QLabel, "banner_time").isVisible()
    assert banner.findChild(QLabel, "banner_badge").text() == "RESEARCH USE"


def pages(count: int) -> list[QImage]:
    result = []
    for number in range(count):
        image = QImage(210, 297, QImage.Format.Format_RGB32)
        image.fill(QColor(60 * number, 255, 255 - 60 * number))
        result.append(image)
    return result


def test_that_pages_are_turned_by_buttons_and_keys(qtbot):
    view = added(qtbot, PageView(), (600, 500))
    view.show_pages(pages(3))
    turned = Received(view.page_changed)
    view.findChild(QToolButton, "page_next").click()
    key(view, Qt.Key.Key_PageDown)
    key(view, Qt.Key.Key_PageDown)
    assert turned.values == [1, 2]
    assert not view.findChild(QToolButton, "page_next").isEnabled()
    assert view.findChild(QLabel, "page_number").text() == "3 / 3"
    view.set_page(0)
    assert turned.values == [1, 2]


def test_that_the_page_fits_the_window_and_zooms(qtbot):
    view = added(qtbot, PageView(), (600, 500))
    view.show_pages(pages(1))
    sheet = view.findChild(QWidget, "page_sheet")
    fitted = sheet.height()
    assert fitted <= view.findChild(QWidget, "page_scroll").height()
    view.findChild(QToolButton, "page_zoom_in").click()
    assert sheet.height() > fitted
    wheel(view.findChild(QWidget, "page_scroll").viewport(), QPointF(50, 50), -3, CONTROL)
    view.findChild(QToolButton, "page_fit").click()
    assert sheet.height() == fitted


def test_that_the_page_picture_is_the_page(qtbot):
    view = added(qtbot, PageView(), (600, 500))
    view.show_pages(pages(2))
    sheet = view.findChild(QWidget, "page_sheet")
    middle = QColor(sheet.grab().toImage().pixel(sheet.width() // 2, sheet.height() // 2))
    assert (middle.red(), middle.green(), middle.blue()) == (0, 255, 255)


def test_that_the_display_bar_tells_each_change_once_and_is_set_silently(qtbot):
    bar = added(qtbot, DisplayBar(), (1100, 60))
    signals = {
        name: Received(getattr(bar, name))
        for name in (
            "fusion_changed",
            "opacity_changed",
            "scale_changed",
            "window_level_changed",
            "contours_toggled",
            "decay_correction_toggled",
        )
    }
    bar.set_fusion("spect")
    bar.set_opacity(0.4)
    bar.set_scale(ColourScale(0, 850e3, "PET"))
    bar.set_window_level(WindowLevel(1500, -600))
    bar.set_contours_visible(False)
    bar.set_decay_corrected(True)
    assert not any(len(signal) for signal in signals.values())
    bar.findChild(QToolButton, "display_fusion_ct").click()
    bar.findChild(QSlider, "display_opacity").setValue(70)
    upper = bar.findChild(QLineEdit, "display_upper")
    assert upper.text() == "850"
    upper.selectAll()
    QTest.keyClicks(upper, "600")
    QTest.keyClick(upper, Qt.Key.Key_Return)
    bar.findChild(QToolButton, "display_contours").click()
    bar.findChild(QToolButton, "display_decay_corrected").click()
    box = bar.findChild(QComboBox, "display_preset")
    assert box.currentText() == "Lung"
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert signals["fusion_changed"].values == ["ct"]
    assert signals["opacity_changed"].values == [pytest.approx(0.7)]
    assert signals["scale_changed"].values == [ColourScale(0, 600e3, "PET")]
    assert signals["window_level_changed"].values == [WindowLevel(2500, 480)]
    assert signals["contours_toggled"].values == [True]
    assert signals["decay_correction_toggled"].values == [False]


def test_that_crossed_limits_are_put_back(qtbot):
    bar = added(qtbot, DisplayBar(), (1100, 60))
    bar.set_scale(ColourScale(1e5, 850e3))
    changed = Received(bar.scale_changed)
    upper = bar.findChild(QLineEdit, "display_upper")
    upper.selectAll()
    QTest.keyClicks(upper, "50")
    QTest.keyClick(upper, Qt.Key.Key_Return)
    assert len(changed) == 0
    assert upper.text() == "850"


def test_that_a_window_by_hand_is_no_preset(qtbot):
    bar = added(qtbot, DisplayBar(), (1100, 60))
    bar.set_window_level(WindowLevel(333, 44))
    assert bar.findChild(QComboBox, "display_preset").currentText() == "as dragged"


def test_that_the_tool_bar_names_tools_and_acts(qtbot):
    bar = added(qtbot, VoiToolBar(), (320, 200))
    tools, acts, radii, balls = (
        Received(s) for s in (bar.tool_chosen, bar.act_requested, bar.radius_changed, bar.spherical_toggled)
    )
    bar.set_tool("brush")
    bar.set_radius(12.0)
    assert len(tools) == len(radii) == 0
    bar.findChild(QToolButton, "tool_erase").click()
    bar.findChild(QToolButton, "act_margin_plus").click()
    bar.findChild(QToolButton, "brush_spherical").click()
    radius = bar.findChild(QLineEdit, "brush_radius")
    radius.selectAll()
    QTest.keyClicks(radius, "15")
    QTest.keyClick(radius, Qt.Key.Key_Return)
    assert tools.values == ["erase"]
    assert acts.values == ["margin-plus"]
    assert balls.values == [False]
    assert radii.values == [15.0]


def test_that_every_tool_has_its_key_in_the_tooltip(qtbot):
    bar = added(qtbot, VoiToolBar(), (320, 200))
    bar.show_keys({"brush": "B", "erase": "Ctrl+E", "ball-tool": "O", "interpolate": "I", "edges": "A"})
    assert "(" not in bar.findChild(QToolButton, "tool_polygon").toolTip()
    assert "(A)" in bar.findChild(QCheckBox, "edge_switch").toolTip()
    for name, code in (("tool_brush", "B"), ("tool_erase", "Ctrl+E"), ("tool_ball", "O"), ("act_interpolate", "I")):
        assert f"({code})" in bar.findChild(QToolButton, name).toolTip()


def test_that_a_nudge_is_one_millimetre_or_one_degree_and_a_tenth_with_shift(qtbot, monkeypatch):
    from PySide6.QtWidgets import QApplication

    pad = added(qtbot, NudgePad(), (330, 120))
    nudged = Received(pad.nudged)
    pad.findChild(QToolButton, "nudge_S").click()
    assert nudged.last[0] == pytest.approx([0, 0, 1])
    assert nudged.last[1] == pytest.approx([0, 0, 0])
    pad.findChild(QToolButton, "turn_z_minus").click()
    assert nudged.last[1] == pytest.approx([0, 0, -np.pi / 180])
    monkeypatch.setattr(QApplication, "keyboardModifiers", lambda: Qt.KeyboardModifier.ShiftModifier)
    pad.findChild(QToolButton, "nudge_R").click()
    assert nudged.last[0] == pytest.approx([-0.1, 0, 0])


def test_that_rail_and_bars_ask_for_no_more_than_a_small_screen_has(qtbot):
    # 1366 × 768 with an inspector of 300 pixels inside its card.
    assert VoiToolBar().minimumSizeHint().width() <= 290
    assert NudgePad().minimumSizeHint().width() <= 290
    assert DisplayBar().minimumSizeHint().width() <= 400
    assert StepRail().sizeHint() != QSize()
    assert StepRail().sizeHint().width() <= 150
