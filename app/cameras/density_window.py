"""Density from CT numbers in the window: which curve each CT uses, and an editor of curves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.cameras.density_curves_kept import DensityCurves
from app.problems import problems_of
from app.steps.step import Section, combo_box, push_button, text_label
from app.typed_numbers import typed_number
from dosimetry_core.case import Case
from dosimetry_core.density_curve import DEFAULT_CURVE, DensityCurve, chosen_curve, read_density_curve
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, raise_problems
from dosimetry_core.toml_table import TomlTable
from widgets.copying import copy_by_keyboard
from widgets.fit_plot import FitPlot

_PLOTTED_HU = (-1000.0, 1600.0)


class DensityWindow(QDialog):
    """Not modal. ``chosen(curve, reason)`` asks to use a curve in the open case."""

    chosen = Signal(object, str)
    person_needed = Signal()

    def __init__(
        self,
        kept: DensityCurves | None,
        case: Callable[[], Case],
        who: Callable[[], str | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("density_window")
        self.setWindowTitle("Density from CT numbers")
        copy_by_keyboard(self)
        self.resize(980, 640)
        self._kept, self._case, self._who = kept, case, who
        self._curves: tuple[tuple[str, DensityCurve], ...] = ()
        outer = QVBoxLayout(self)
        used = Section("In use")
        self.used = text_label(name="density_in_use", wrap=True)
        used.add(self.used)
        outer.addWidget(used)
        row = QHBoxLayout()
        outer.addLayout(row, 1)
        editor = Section("Curve")
        self.choice = combo_box("density_curve_choice", [])
        self.choice.currentIndexChanged.connect(lambda _n: self._show_curve())
        editor.add(self.choice)
        self.table = QTableWidget(0, 2)
        self.table.setObjectName("density_points")
        self.table.setAccessibleName("Points of the curve: CT number and density")
        self.table.setHorizontalHeaderLabels(["CT number (HU)", "Density (g/mL)"])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.itemChanged.connect(lambda _item: self._check())
        editor.add(self.table, 1)
        more = push_button("Add point", name="add_density_point")
        more.clicked.connect(self.add_point)
        less = push_button("Remove point", name="remove_density_point")
        less.clicked.connect(self.remove_point)
        editor.add_row(more, less)
        row.addWidget(editor, 1)
        right = QVBoxLayout()
        row.addLayout(right, 1)
        self.plot = FitPlot()
        right.addWidget(self.plot, 1)
        facts = Section("Source")
        holder = QWidget()
        form = QFormLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        self.fields: dict[str, QLineEdit] = {}
        for key, title, hint in (
            ("name", "Name", ""),
            ("scanner", "Scanner", "part of maker and model; empty for any"),
            ("voltage", "Tube voltage (kV)", "empty for any"),
            ("source", "Source of the points", "phantom, day, or publication"),
            ("reason", "Reason for the change", ""),
        ):
            field = QLineEdit()
            field.setObjectName(f"density_{key}")
            field.setPlaceholderText(hint)
            field.setAccessibleName(title)
            field.textChanged.connect(lambda _text: self._check())
            form.addRow(title, field)
            self.fields[key] = field
        facts.add(holder)
        self.message = text_label(role="warning", name="density_message", wrap=True)
        facts.add(self.message)
        self.keep_button = push_button("Keep for the site", name="keep_density_curve", tooltip="with who, when and why")
        self.keep_button.clicked.connect(self.keep)
        self.use_button = push_button("Use in this case", name="use_density_curve", primary=True)
        self.use_button.clicked.connect(self.use)
        facts.add_row(self.keep_button, self.use_button)
        right.addWidget(facts)
        self.refresh()

    # --- what is shown ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the case uses, and offer its curves, those of the site and the default one."""
        case = self._case()
        curves = [("case", curve) for curve in case.settings.density_curves]
        try:
            curves += [("site", kept.curve) for kept in self._kept.in_force()] if self._kept is not None else []
            self._problem = ""
        except DosimetryError as error:
            self._problem = error.line()
        self._curves = (*curves, ("program", DEFAULT_CURVE))
        self.used.setText("\n".join(_in_use(case)) or "No CT is open: the curve is chosen when there is one.")
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([f"{curve.name} ({origin})" for origin, curve in self._curves])
        self.choice.setCurrentIndex(0)
        self.choice.blockSignals(False)
        self._show_curve()

    def _show_curve(self) -> None:
        _, curve = self._curves[max(0, self.choice.currentIndex())]
        self.table.blockSignals(True)
        self.table.setRowCount(len(curve.points))
        for row, (number, density) in enumerate(curve.points):
            self.table.setItem(row, 0, QTableWidgetItem(f"{number:g}"))
            self.table.setItem(row, 1, QTableWidgetItem(f"{density:g}"))
        self.table.blockSignals(False)
        voltage = "" if curve.tube_voltage_kv is None else f"{curve.tube_voltage_kv:g}"
        texts = {"name": curve.name, "scanner": curve.scanner, "voltage": voltage, "source": curve.source, "reason": ""}
        for key, text in texts.items():
            self.fields[key].setText(text)
            self.fields[key].setCursorPosition(0)
        self._check()

    def edited(self) -> DensityCurve:
        """The curve as it stands in the fields.

        Raises
        ------
        DosimetryError
            If a cell holds no number, the points don't rise, or name or source are missing.
        """
        points = []
        for row in range(self.table.rowCount()):
            cells = [self.table.item(row, column) for column in (0, 1)]
            texts = [cell.text().strip() if cell is not None else "" for cell in cells]
            try:
                points.append([typed_number(text) for text in texts])
            except ValueError as error:
                raise InconsistentCaseError(
                    f"row {row + 1} holds {' and '.join(map(repr, texts))}",
                    where="points",
                    remedy="write two numbers, with a point",
                ) from error
        content: dict[str, object] = {key: self.fields[key].text().strip() for key in ("name", "source", "scanner")}
        content = {key: value for key, value in content.items() if value}
        voltage = self.fields["voltage"].text().strip()
        if voltage:
            try:
                content["tube_voltage_kv"] = float(voltage)
            except ValueError as error:
                raise InconsistentCaseError(
                    f"{voltage!r} is no number", where="tube voltage", remedy="write 120, or nothing for any"
                ) from error
        problems: list[DosimetryError] = []
        curve = read_density_curve(TomlTable({**content, "points": points}, place="density curve", problems=problems))
        raise_problems(problems)
        assert curve is not None
        return curve

    def _check(self) -> None:
        """Draw what stands in the fields, or say what is wrong with it."""
        curve: DensityCurve | None = None
        said = self._problem
        try:
            curve = self.edited()
            shown = [point for point in curve.points if _PLOTTED_HU[0] <= point[0] <= _PLOTTED_HU[1]]
            ends = [(end, float(curve.density_g_per_ml(np.array(_PLOTTED_HU))[n])) for n, end in enumerate(_PLOTTED_HU)]
            self.plot.show_fit("Density (g/mL)", "CT number (HU)", shown, sorted({*shown, *ends}))
        except DosimetryError as error:
            said = "; ".join(problem.text() for problem in problems_of(error))
        reason = bool(self.fields["reason"].text().strip())
        if not said and not reason:
            said = "Say why before the curve is kept or used."
        self.message.setText(said)
        self.keep_button.setEnabled(curve is not None and reason and self._kept is not None)
        self.use_button.setEnabled(curve is not None and reason and bool(self._case().cycles))

    # --- acts ---------------------------------------------------------------------------------------------------------

    def add_point(self) -> None:
        """A row below the current one, to be filled."""
        row = self.table.currentRow() + 1 if self.table.currentRow() >= 0 else self.table.rowCount()
        self.table.insertRow(row)
        self.table.setCurrentCell(row, 0)
        self._check()

    def remove_point(self) -> None:
        """Take the current row out."""
        self.table.removeRow(self.table.currentRow())
        self._check()

    def keep(self) -> None:
        """Append the curve to those of the site."""
        person = self._who()
        if person is None or self._kept is None:
            self.person_needed.emit()
            self.message.setText("Say first who is working: every curve is kept with a name.")
            return
        try:
            curve = self.edited()
            self._kept.keep(curve, by=person, at=datetime.now().astimezone(), why=self.fields["reason"].text())
        except DosimetryError as error:
            self.message.setText(error.line())
            return
        self.refresh()
        names = [(origin, one.name) for origin, one in self._curves]
        self.choice.setCurrentIndex(names.index(("site", curve.name)))

    def use(self) -> None:
        """Ask for the curve to be used in the open case."""
        self.chosen.emit(self.edited(), self.fields["reason"].text().strip())
        self.refresh()


def _in_use(case: Case) -> list[str]:
    """One line per CT of a reference scan: scanner, tube voltage, curve."""
    lines = []
    for cycle in case.cycles:
        if not cycle.time_points or (ct := cycle.time_points[cycle.reference_time_point].ct) is None:
            continue
        curve, findings = chosen_curve(case.settings.density_curves, ct.manufacturer, ct.tube_voltage_kv, "")
        voltage = "tube voltage not stated" if ct.tube_voltage_kv is None else f"{ct.tube_voltage_kv:g} kV"
        note = " (no curve of the case is for this CT)" if findings else ""
        lines.append(f"Cycle {cycle.number}, {ct.manufacturer or 'scanner not stated'}, {voltage}: {curve.name}{note}")
    return lines
