"""Every widget with long texts at the sizes of a small screen; tells what is cut off or overlaps.

Run as a program it prints the faults, so that a test can try another scale factor in a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from dosimetry_core.errors import Finding
from dosimetry_core.units import HOUR
from tests.widgets.bodies import GRID, ct, kidney, spect
from tests.widgets.layout_checks import clipped_texts, outside_parent, overlapping_siblings
from widgets.activity_slider import ActivitySlider
from widgets.course_table import CourseRow, CourseTable
from widgets.curve_view import CurveShown, CurveView
from widgets.display_bar import DisplayBar
from widgets.display_scale import ColourScale
from widgets.dose_bars_view import DoseBarShown, DoseBarsView, DoseSegmentShown
from widgets.findings_panel import FindingsPanel
from widgets.job_strip import JobStrip
from widgets.notice_bar import Notice, NoticeBar
from widgets.nudge_pad import NudgePad
from widgets.overlay_compare import OverlayCompare
from widgets.page_view import PageView
from widgets.patient_banner import BannerShown, PatientBanner
from widgets.saved_note import SavedNote
from widgets.slice_grid import SliceGrid
from widgets.slice_picture import Layer
from widgets.step_rail import STEPS, StepRail
from widgets.theme import apply_theme
from widgets.time_strip import TimeCell, TimeStrip
from widgets.tool_bar import VoiToolBar
from widgets.voi_table import VoiRow, VoiTable
from widgets.volume_view import VolumeView


def _curve(name: str) -> CurveShown:
    time_s = HOUR.to_core(1.0) * np.array([4.0, 24.0, 190.0])
    activity = 1e8 * np.exp(-time_s / time_s[-1])
    return CurveShown(
        voi_id=name,
        name=name,
        colour="#58d8f5",
        time_s=time_s,
        activity_bq=activity,
        activity_standard_uncertainty_bq=0.03 * activity,
        excluded=np.zeros(3, bool),
        fit_time_s=time_s,
        fit_activity_bq=activity,
        last_measured_s=float(time_s[-1]),
        extrapolated_fraction=0.37,
        model="bi-exponential with uptake, chosen by AICc from five models",
        notes=("Time-integrated activity 12340 ± 310 MBq·h", "effective half-life 48.9 h"),
    )


def gallery() -> Iterator[tuple[QWidget, tuple[int, int]]]:
    """Widgets with the room that they get on a screen of 1366 × 768."""
    banner = PatientBanner()
    banner.show_patient(
        BannerShown(
            "Wolfeschlegelsteinhausen, Maximiliane-Theodora",
            "LUT-2026-000123",
            "born 12 Mar 1961",
            "cycle 2 of 4",
            "7.40 GBq ¹⁷⁷Lu + 1.85 GBq ⁹⁰Y",
            "26 Mar 2026 10:05 CET",
        )
    )
    yield banner, (1366, 46)
    notices = NoticeBar()
    actions = (("take", "Take the file"), ("keep", "Keep the course"))
    notices.put(Notice("case", "warning", "The case file has changed since it was imported. " * 4, actions, False))
    notices.put(
        Notice("disk", "error", "NOT SAVED: the disk is full; free some space. " * 6, (("again", "Try again"),))
    )
    yield notices, (1366, 46)
    note = SavedNote()
    note.show_not_saved("the disk is full")
    yield note, (100, 24)
    courses = CourseTable()
    courses.show_rows(
        [
            CourseRow(
                str(n),
                f"LUT-2026-{n:06}",
                "Wolfeschlegelsteinhausen, Maximiliane-Theodora",
                "12 Mar 1961",
                "garske-roman",
                "10 of 12",
                "approved",
                "21 Nov 14:02",
                "M. Żółkiewska-Brzęczyszczykiewicz",
                held_by="A. Nowak on pc-3 since 21 Nov 10:02",
            )
            for n in range(30)
        ]
    )
    yield courses, (816, 400)
    rail = StepRail()
    for step in STEPS:
        rail.set_state(step, "stale", "right kidney 4.21 → 4.38 Gy")
    yield rail, (140, 600)
    bar = DisplayBar()
    bar.set_scale(ColourScale(0, 12345e3, "Hot Metal Blue"))
    yield bar, (860, 80)
    yield VoiToolBar(), (290, 520)
    yield NudgePad(), (290, 110)
    findings = FindingsPanel()
    findings.set_acknowledgeable(True)
    text = "45 % of the time-integrated activity is extrapolated beyond the last scan; the limit is 30 %."
    findings.show_findings([Finding("a", "error", text, "cycle 1, Kidney R"), Finding("b", "warning", text, "192 h")])
    yield findings, (250, 400)
    jobs = JobStrip()
    jobs.set_message("saved 14:02:11 · undo: Brush, right kidney, 24 h, slice 91")
    jobs.start("align", "Align 48 h to 24 h")
    jobs.set_progress("align", 0.4, "level 2 of 3, metric −0.71, 113 iterations")
    yield jobs, (900, 34)
    strip = TimeStrip()
    strip.show_cells([TimeCell(str(n), f"{n} Apr 09:23", 1e5 * n, "", "rigid, CT to CT (0.3 mm)") for n in range(5)])
    yield strip, (880, strip.height())
    table = VoiTable()
    table.show_rows([VoiRow("a", "Lesion 12 segment VII", "lesion", "#58d8f5", 1620.0, 9e5, 1.5e8, 0.93, 104.2, 11.9)])
    yield table, (420, 160)
    slider = ActivitySlider(minimum_bq=0, maximum_bq=9.25e9, step_bq=5e7)
    slider.set_marks([(6.85e9, "limit"), (7.4e9, "standard")])
    slider.set_value(7.4e9)
    yield slider, (280, 70)
    curves = CurveView()
    curves.show_curves([_curve("Kidney L"), _curve("Lesion 12, segment VII, posterior")])
    yield curves, (860, 420)
    narrow = CurveView()
    narrow.show_curves([_curve("Kidney L")])
    yield narrow, (280, 300)
    bars = DoseBarsView()
    bars.show_bars(
        [DoseBarShown(str(n), f"Lesion {n}", (DoseSegmentShown("1", "Lu-177", 9.0, "delivered"),)) for n in range(9)]
    )
    yield bars, (380, 300)
    grid = SliceGrid(third_dimension=VolumeView(use_opengl=False))
    grid.set_reference(GRID)
    grid.show_ct(Layer(ct()))
    grid.show_spect(spect())
    grid.show_vois([kidney()])
    yield grid, (860, 520)
    compare = OverlayCompare()
    compare.set_reference(GRID)
    compare.show_pair(Layer(ct()), Layer(ct()))
    yield compare, (860, 520)
    yield PageView(), (600, 500)


def faults() -> list[str]:
    """What is cut off, overlaps or reaches out, with the widget's name."""
    found = []
    for widget, size in gallery():
        widget.resize(*size)
        widget.show()
        QApplication.processEvents()
        name = type(widget).__name__
        if widget.width() > size[0] + 1 or widget.height() > size[1] + 1:
            found.append(f"{name}: needs {widget.width()} × {widget.height()}, has {size[0]} × {size[1]}")
        checks = clipped_texts(widget) + overlapping_siblings(widget) + outside_parent(widget)
        found += [f"{name}: {fault}" for fault in checks]
        widget.grab()
        widget.close()
        widget.deleteLater()
    return found


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    apply_theme(application)
    print("\n".join([f"ratio {application.devicePixelRatio()}", *faults()]))
