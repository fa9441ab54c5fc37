"""The side of the window of all courses: where they are computed, and in what form they are saved."""

from __future__ import annotations

import os

from PySide6.QtWidgets import QLineEdit, QSpinBox

from app.cohort.engines import DaskCluster, Engine, Processes
from app.cohort.filter_section import FIELD_HEIGHT
from app.operations.store_sections import progress_row
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.errors import DosimetryError

HERE, CLUSTER = "This computer", "Dask cluster"
FIGURE_FORMS: dict[str, str] = {
    "Figures as SVG": "svg",
    "Figures as PDF": "pdf",
    "Figures as PNG": "png",
    "No figures": "",
}
DECIMALS: dict[str, DecimalSign] = {"CSV with decimal point": "point", "CSV with decimal comma, parted by ;": "comma"}


class ComputingSection(Section):
    """How far the courses are computed, where the rest will be, and what came of it.

    Parameters
    ----------
    cluster
        Address of the site's scheduler, on which courses are computed unless another place is chosen.
    """

    def __init__(self, cluster: str | None) -> None:
        super().__init__("Courses of the store", name="cohort_computing")
        self.state = text_label(name="cohort_state", wrap=True)
        self.add(self.state)
        self.engine = combo_box("cohort_engine", (HERE, CLUSTER))
        self.engine.setAccessibleName("Where courses are computed")
        self.processes = QSpinBox()
        self.processes.setObjectName("cohort_processes")
        self.processes.setAccessibleName("Processes")
        self.processes.setRange(1, 256)
        self.processes.setValue(os.cpu_count() or 1)
        self.processes.setSuffix(" processes")
        self.processes.setMinimumHeight(FIELD_HEIGHT)
        self.address = QLineEdit()
        self.address.setObjectName("cohort_address")
        self.address.setAccessibleName("Address of the cluster's scheduler")
        self.address.setPlaceholderText("tcp://scheduler:8786")
        self.address.hide()
        for field in (self.engine, self.processes, self.address):
            self.add(field)
        self.engine.currentTextChanged.connect(self._engine_chosen)
        self.compute_button = push_button("Compute what is missing", name="cohort_compute", primary=True)
        self.add_row(self.compute_button)
        self.bar, self.cancel_button, self.progress = progress_row("cohort")
        self.add(self.progress)
        self.message = text_label(role="dimmed", name="cohort_message", wrap=True)
        self.add(self.message)
        if cluster is not None:
            self.address.setText(cluster)
            self.engine.setCurrentText(CLUSTER)

    def _engine_chosen(self, text: str) -> None:
        self.processes.setVisible(text == HERE)
        self.address.setVisible(text == CLUSTER)

    def chosen_engine(self) -> Engine:
        """Where to compute. Raises DosimetryError for a cluster without address."""
        if self.engine.currentText() == HERE:
            return Processes(self.processes.value())
        address = self.address.text().strip()
        if not address:
            raise DosimetryError(
                "the address of the scheduler is missing",
                where="cluster",
                remedy="type it, for example tcp://host:8786",
            )
        return DaskCluster(address)


class SavingSection(Section):
    """In what form tables and figures are saved."""

    def __init__(self) -> None:
        super().__init__("Save", name="cohort_saving")
        self.figures = combo_box("cohort_figures", list(FIGURE_FORMS))
        self.figures.setAccessibleName("Form of the figures")
        self.add(self.figures)
        self.decimal = combo_box("cohort_decimal", list(DECIMALS))
        self.decimal.setAccessibleName("Decimal sign of the CSV files")
        self.add(self.decimal)
        self.save_button = push_button(
            "Save all…",
            name="cohort_save",
            tooltip="tables (CSV, XLSX), every figure with its numbers, records and methods, by pseudonym, into a new "
            "folder",
        )
        self.add_row(self.save_button)

    def chosen_form(self) -> str:
        """Ending of the figures' files; empty for no figures."""
        return FIGURE_FORMS[self.figures.currentText()]

    def chosen_decimal(self) -> DecimalSign:
        """Decimal sign of the CSV files."""
        return DECIMALS[self.decimal.currentText()]
