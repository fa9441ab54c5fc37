"""The cohort's tables on screen: choose one, read it, copy it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.read_table import ReadTable
from app.steps.step import combo_box, text_label
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.tables import TABLE_MAKERS


class TablesPage(QWidget):
    """One table at a time, made when it is looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[CourseRecord, ...] = ()
        self._made: tuple[str, tuple[CourseRecord, ...]] | None = None
        self.choice = combo_box("cohort_table_choice", list(TABLE_MAKERS))
        self.choice.setAccessibleName("Table")
        self.choice.setMinimumContentsLength(30)
        self.choice.currentIndexChanged.connect(lambda _index: self._show())
        self.title = text_label(role="dimmed", name="cohort_table_title", wrap=True)
        self.table = ReadTable("cohort_table", "Table of the cohort")
        bar = QHBoxLayout()
        bar.addWidget(self.choice)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(bar)
        column.addWidget(self.title)
        column.addWidget(self.table, 1)

    def show_records(self, records: Sequence[CourseRecord]) -> None:
        """Tables of these courses; the same one stays chosen."""
        self._records = tuple(records)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt override
        """Makes what was not looked at before."""
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        wanted = (self.choice.currentText(), self._records)
        if not self.isVisible() or wanted == self._made:
            return
        self._made = wanted
        table = TABLE_MAKERS[wanted[0]](self._records) if self._records else None
        self.title.setText("" if table is None else f"{table.title}. Ctrl+C copies what is marked, or all of it.")
        if table is None:
            self.table.show_rows("", (), ())
        else:
            self.table.show_rows(table.title, table.heading, table.rows)
