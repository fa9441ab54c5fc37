"""The active VOI on every scan: volume, activity, state; its own place or shape on one, with the reason."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from app.edit_target import EditTarget
from app.number_grid import Cell, GridColumn, GridRow, Number, NumberGrid
from app.result_paths import result_path
from app.scan_reviews import VoiOnScan, voi_on_scans
from app.scan_voi_acts import ScanVoiActs
from app.scan_words import delay_text
from app.session import Session
from app.steps.step import Section, push_button, text_label
from dosimetry_core.case import Cycle
from dosimetry_core.units import MEGABECQUEREL, MILLILITRE, PERCENT
from dosimetry_core.voi import Voi
from widgets.nudge_pad import NudgePad

REASONS = ("breathing", "organ moved by itself", "changed size", "filling of bowel or bladder", "misregistration")
_COLUMNS = (
    GridColumn("scan", "Scan", "Click: show this scan"),
    GridColumn("volume", "mL", "Volume inside which the activity of this scan was measured"),
    GridColumn("activity", "MBq", "Activity at the start of this scan, corrected for partial volume"),
    GridColumn("change", "Off", "Largest of: volume against the reference, activity against the fitted curve"),
    GridColumn("state", "State", "How the VOI came there, and whether somebody looked at it there"),
)
_SHORT = {"redrawn": "own shape"}


class VoiScans(Section):
    """Table of the scans, and what can be done to the VOI on the one in view.

    ``copy_requested`` carries the scan whose shape and place shall be taken.
    """

    copy_requested = Signal(int)

    def __init__(self, session: Session, target: EditTarget, acts: ScanVoiActs) -> None:
        super().__init__("On each scan", name="voi_scans")
        self._session, self._target, self._acts = session, target, acts
        self._shown: tuple[object, ...] = ()
        self.grid = NumberGrid("voi_scans_table")
        self.grid.row_clicked.connect(lambda key: session.view_state.set_time_point(int(key)))
        self.add(self.grid)
        self.review = push_button(
            "Reviewed", name="voi_reviewed", tooltip="the active VOI was looked at on this scan (Shift+N); goes on (N)"
        )
        self.here = push_button(
            "Own shape", name="voi_own_shape", tooltip="draw on this scan only; the VOI of the other scans stays"
        )
        self.here.setCheckable(True)
        self.here.clicked.connect(target.set_here)
        self.follow = push_button(
            "Follow", name="voi_follow", tooltip="let the VOI follow the registration on this scan again"
        )
        self.follow.clicked.connect(acts.follow)
        self.copy = QToolButton()
        self.copy.setObjectName("voi_copy_scan")
        self.copy.setText("As on")
        self.copy.setToolTip("shape and place as on another scan")
        self.copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._copies = QMenu(self.copy)
        self._copies.setObjectName("voi_copy_scan_menu")
        self._copies.aboutToShow.connect(self._fill_copies)
        self.copy.setMenu(self._copies)
        self.add_row(self.review, self.here, self.follow, self.copy)
        self.reason = QComboBox()
        self.reason.setObjectName("voi_scan_reason")
        self.reason.setAccessibleName("Why this scan differs")
        self.reason.setEditable(True)
        self.reason.addItems(list(REASONS))
        self.reason.setCurrentIndex(-1)
        self.reason.setToolTip("Stands with the results")
        self.reason.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        edit = self.reason.lineEdit()
        if edit is not None:
            edit.setPlaceholderText("why this scan differs")
        self.reason.currentTextChanged.connect(target.set_reason)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(text_label("Because", role="dimmed"))
        line.addWidget(self.reason, 1)
        self.add(row)
        self.pad = NudgePad(turning=False, prefix="voi_nudge")
        self.pad.nudged.connect(lambda shift, _turn: acts.shift(shift))
        self.add(self.pad)
        target.changed.connect(self._show_target)

    def refresh(self) -> None:
        """Show the active VOI on all scans of the cycle in view."""
        session = self._session
        cycle, voi, state = session.cycle, session.voi, session.view_state
        has_scan = cycle is not None and voi is not None and session.time_point is not None
        for widget in (self.here, self.copy, self.reason, self.pad):
            widget.setEnabled(has_scan)
        if cycle is None or voi is None or not has_scan:
            self.review.setEnabled(False)
            self.follow.setEnabled(False)
            self.grid.show_rows(_COLUMNS, [])
            return
        scans = voi_on_scans(cycle, voi, session.cycle_result)
        self.grid.show_rows(_COLUMNS, [self._row(cycle, voi, one) for one in scans])
        here = scans[min(state.time_point, len(scans) - 1)]
        self.follow.setEnabled(here.placing in ("shifted", "redrawn"))
        self.review.setEnabled(not here.reviewed_by and here.placing != "not registered")
        now = (session.whose, voi.voi_id, state.cycle, state.time_point)
        if now != self._shown:
            self._shown = now
            self._begin_with(voi)

    def _begin_with(self, voi: Voi) -> None:
        """Another VOI or scan: edits go to all scans again, unless it has a shape of its own here."""
        point = self._session.time_point
        redrawn = point.redrawn_vois.get(voi.voi_id) if point is not None else None
        moved = point.registration.voi_motions.get(voi.voi_id) if point is not None else None
        reason = redrawn.reason if redrawn is not None else moved.reason if moved is not None else ""
        with QSignalBlocker(self.reason):
            self.reason.setCurrentIndex(self.reason.findText(reason, Qt.MatchFlag.MatchFixedString))
            self.reason.setEditText(reason)
        self._target.set_reason(reason)
        self._target.set_here(redrawn is not None)

    def _fill_copies(self) -> None:
        """The other scans, to take the VOI from."""
        self._copies.clear()
        cycle, here = self._session.cycle, self._session.view_state.time_point
        for index, point in enumerate(cycle.time_points if cycle is not None else ()):
            if index != here and cycle is not None:
                entry = self._copies.addAction(delay_text(cycle, point))
                entry.triggered.connect(lambda _checked=False, index=index: self.copy_requested.emit(index))

    def _show_target(self) -> None:
        self.here.setChecked(self._target.here)

    def _row(self, cycle: Cycle, voi: Voi, one: VoiOnScan) -> GridRow:
        point, current = cycle.time_points[one.time_point], one.time_point == self._session.view_state.time_point
        base = result_path("cycles", self._session.view_state.cycle, "vois", voi.name)
        changes = [value for value in (one.volume_change, one.activity_change) if value is not None]
        largest = max(changes, key=abs, default=None)
        off = "" if largest is None else f"{'! ' if one.stands_out else ''}{_percent(largest)}"
        state = f"{'✔' if one.reviewed_by else '○'} {_SHORT.get(one.placing, one.placing)}"
        volume = None if one.placing == "not registered" else one.volume_ml
        activity: Cell = None
        if one.nuclide is not None:
            path = f"{base}.activity_bq.{one.nuclide}.{one.time_point}"
            activity = Number(path, one.activity_bq, MEGABECQUEREL)
        cells: dict[str, Cell] = {
            "scan": f"{'▸ ' if current else ''}{delay_text(cycle, point)}",
            "volume": Number(f"{base}.volume_by_time_point_ml.{one.time_point}", volume, MILLILITRE),
            "activity": activity,
            "change": off,
            "state": state,
        }
        return GridRow(str(one.time_point), cells, tooltip=_tip(one), mark="warning" if one.stands_out else "")


def _percent(share: float) -> str:
    """With its sign; nothing to speak of has none."""
    text = PERCENT.text(abs(share), digits=0)
    return text if text == PERCENT.text(0.0, digits=0) else f"{'+' if share > 0 else '−'}{text}"


def _tip(one: VoiOnScan) -> str:
    lines: list[Any] = [one.words()]
    if one.volume_change:
        lines.append(f"volume {PERCENT.text(one.volume_change)} off the reference")
    if one.shift_mm:
        lines.append(f"{one.shift_mm:.1f} mm from where the registration puts it")
    if one.activity_change is not None:
        lines.append(f"activity {PERCENT.text(one.activity_change)} off the fitted curve")
    return "\n".join(lines)
