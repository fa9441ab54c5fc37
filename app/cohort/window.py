"""All courses together: what was given and what it did, in pictures and tables of the whole department."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.cohort.engines import Engine
from app.cohort.export import write_cohort
from app.cohort.figures import drawn_figures
from app.cohort.filter_section import FilterSection
from app.cohort.pictures_page import PicturesPage
from app.cohort.side_sections import ComputingSection, SavingSection
from app.cohort.sources import CohortSources, require_distinct_keys
from app.cohort.store_courses import STATE_WORDS, StoreCourse, recompute, store_courses
from app.cohort.tables_page import TablesPage
from app.jobs import Job, Jobs
from app.operations.counted import counted
from app.operations.store_sections import show_progress
from app.outputs import require_folder
from app.problems import problems_of
from app.steps.step import INSPECTOR_WIDTH, Inspector, Section, push_button, text_label
from dosimetry_core.cohort.methods_text import methods_paragraph
from dosimetry_core.cohort.selection import selected
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress
from widgets.copying import copy_by_keyboard
from widgets.theme import set_role

if TYPE_CHECKING:
    from app.store.storage import Storage

_COURSE_COLUMNS = ("Patient", "Name", "Protocol", "Record", "Why")
_KEY = Qt.ItemDataRole.UserRole


class CohortWindow(QDialog):
    """Not modal; what is kept is shown at once, nothing is computed before a button is pressed.

    ``course_wanted(course_id)`` when a course is double-clicked, ``saved`` when saving ended, well or not.

    Parameters
    ----------
    storage
        Of the window, for listing; computing opens the store again, for reading.
    anchor
        Other place of the store's anchor, as the site says.
    cluster
        Scheduler of the site's Dask cluster, on which courses are then computed unless another place is chosen.
    """

    course_wanted = Signal(str)
    saved = Signal()

    def __init__(
        self,
        storage: Callable[[], Storage],
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        anchor: Path | None = None,
        cluster: str | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("cohort_window")
        self.setWindowTitle("All courses")
        copy_by_keyboard(self)
        self.resize(1320, 860)
        self._storage, self._jobs, self._anchor = storage, jobs, anchor
        self._job: Job | None = None
        self._saving: Iterator[str] | None = None
        self._closes_when_saved = False
        self.sources = CohortSources()
        self.pictures = PicturesPage(lambda key: self.sources.name_of(key))
        self.tables = TablesPage()
        self.methods = QPlainTextEdit()
        self.methods.setObjectName("cohort_methods")
        self.methods.setAccessibleName("Methods")
        self.methods.setReadOnly(True)
        self.courses = QTreeWidget()
        self.courses.setObjectName("cohort_courses")
        self.courses.setAccessibleName("Courses of the store")
        self.courses.setHeaderLabels(list(_COURSE_COLUMNS))
        self.courses.setRootIsDecorated(False)
        self.courses.setAlternatingRowColors(True)
        self.courses.itemDoubleClicked.connect(lambda item, _column: self.course_wanted.emit(item.data(0, _KEY)))
        self.pages = QTabWidget()
        self.pages.setObjectName("cohort_pages")
        for page, title in (
            (self.pictures, "Pictures"),
            (self.tables, "Tables"),
            (self.courses, "Courses"),
            (self.methods, "Methods"),
        ):
            self.pages.addTab(page, title)
        side = Inspector("cohort_side")
        side.setFixedWidth(INSPECTOR_WIDTH)
        self.computing, self.filter, self.saving = ComputingSection(cluster), FilterSection(), SavingSection()
        self.computing.compute_button.clicked.connect(self.compute)
        self.computing.cancel_button.clicked.connect(self._cancel)
        self.saving.save_button.clicked.connect(self._choose_folder)
        for section in (self.computing, self._tables_section(), self.filter, self.saving):
            side.add(section)
        row = QHBoxLayout(self)
        row.addWidget(side)
        row.addWidget(self.pages, 1)
        for button in self.findChildren(QPushButton):
            # Return in a field confirms the field, it computes and saves nothing.
            button.setAutoDefault(False)
        self.filter.changed.connect(self._show)
        self.pictures.chosen.connect(self._open)
        self.reload()

    # --- building ---------------------------------------------------------------------------------------------------

    def _tables_section(self) -> Section:
        section = Section("Earlier patients", name="cohort_tables_section")
        self.known_tables = text_label("None taken in.", role="dimmed", name="cohort_known_tables", wrap=True)
        section.add(self.known_tables)
        self.add_button = push_button("Add a table (CSV)…", name="cohort_add_table")
        self.add_button.clicked.connect(self._choose_table)
        section.add_row(self.add_button)
        return section

    # --- what is shown ----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Show the store's courses as they are now."""
        try:
            courses = store_courses(self._storage())
            require_distinct_keys(courses)
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return
        self.sources = self.sources.with_courses(courses)
        self._show_courses(courses)
        self.filter.show_records(self.sources.records)
        self._show()

    def _show_courses(self, courses: tuple[StoreCourse, ...]) -> None:
        counts = {state: sum(course.state == state for course in courses) for state in STATE_WORDS}
        parts = [f"{counts[state]:,} {words}" for state, words in STATE_WORDS.items() if counts[state]]
        self.computing.state.setText("; ".join(parts) + "." if parts else "The store holds no course yet.")
        self.computing.compute_button.setEnabled(self._job is None and counts["current"] < len(courses))
        items = []
        for course in courses:
            summary = course.listed.summary
            why = "" if course.kept is None else course.kept.failure
            item = QTreeWidgetItem([summary.patient_id, summary.name, summary.protocol, STATE_WORDS[course.state], why])
            item.setData(0, _KEY, course.listed.course_id)
            item.setToolTip(4, why)
            items.append(item)
        self.courses.clear()
        self.courses.addTopLevelItems(items)
        for column, width in enumerate((130, 220, 150, 220)):
            self.courses.setColumnWidth(column, width)

    def _show(self) -> None:
        selection = self.filter.selection()
        chosen = selected(self.sources.records, selection)
        self.filter.count.setText(f"{len(chosen):,} of {counted(len(self.sources.records), 'course')}")
        self.pictures.show_records(chosen)
        self.tables.show_records(chosen)
        self.methods.setPlainText(
            methods_paragraph(chosen, origin=self.sources.origin(), selection=selection.text()) if chosen else ""
        )
        self.saving.save_button.setEnabled(bool(chosen) and self._saving is None)

    def _open(self, key: str) -> None:
        course = self.sources.course_of(key)
        if course is not None:
            self.course_wanted.emit(course.listed.course_id)

    # --- computing --------------------------------------------------------------------------------------------------

    def compute(self) -> None:
        """Compute what is missing, changed or failed; runs as a job, each record is kept as it comes."""
        if self._job is not None:
            return
        try:
            engine = self.computing.chosen_engine()
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return
        folder = self._storage().folder
        job = self._jobs.start(
            computed_records, folder, self._anchor, engine, purpose="cohort", title="Computing courses"
        )
        self._job = job
        self.computing.progress.show()
        self.computing.compute_button.setEnabled(False)
        self._say("", "dimmed")
        job.progressed.connect(self._progressed)
        job.succeeded.connect(self._computed)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._stopped)
        job.finished.connect(self._ended)

    def _computed(self, found: tuple[int, int]) -> None:
        done, failed = found
        words = f"{counted(done, 'course')} computed" + (f", {failed} could not be: see Courses" if failed else "")
        self._say(words + ".", "warning" if failed else "dimmed")

    def _progressed(self, fraction: float, text: str) -> None:
        show_progress(self.computing.bar, fraction, text)

    def _failed(self, error: BaseException) -> None:
        self._say(problems_of(error)[0].text(), "error")

    def _stopped(self) -> None:
        self._say("Stopped; what was computed is kept.", "dimmed")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Stops computing: what was computed is kept, and the rest follows when the window is opened again.

        What is being saved is saved first; the window closes then, or stays and says why it could not be.
        """
        if self._may_close():
            super().closeEvent(event)
        else:
            event.ignore()

    def done(self, result: int) -> None:
        """The same for Esc, of which no close event tells."""
        if self._may_close():
            super().done(result)

    def _may_close(self) -> bool:
        self._cancel()
        self._closes_when_saved = self._saving is not None
        return not self._closes_when_saved

    def _ended(self) -> None:
        self._job = None
        self.computing.progress.hide()
        self.reload()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    # --- tables in and out ------------------------------------------------------------------------------------------

    def _choose_table(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Table of earlier patients", "", "Tables (*.csv);;All files (*)")
        if name:
            self.add_table(Path(name))

    def add_table(self, path: Path) -> None:
        """Take in a table of earlier patients."""
        try:
            self.sources = self.sources.with_table(path)
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return
        names = [f"{name}: {counted(len(records), 'course')}" for name, records in self.sources.tables]
        self.known_tables.setText("\n".join(names))
        self.filter.show_records(self.sources.records)
        self._show()

    def _choose_folder(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "New folder for tables and figures", "cohort")
        if name:
            self.save(Path(name))

    def save(self, folder: Path) -> None:
        """Write records, tables, figures and methods of the courses looked at into a new folder; ``saved`` at the end.

        Figures are drawn one at a time, with the window alive in between; the folder is there once all are.
        """
        if self._saving is not None:
            return
        selection = self.filter.selection()
        records = selected(self.sources.records, selection)
        decimal, form = self.saving.chosen_decimal(), self.saving.chosen_form()
        origin, figures = self.sources.origin(), dict[str, bytes]()
        try:
            require_folder(folder)
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return

        def steps() -> Iterator[str]:
            if form:
                for number, count, files in drawn_figures(records, form=form, decimal=decimal):
                    figures.update(files)
                    yield f"Figure {number} of {count}…"
            write_cohort(folder, records, origin=origin, selection=selection.text(), decimal=decimal, figures=figures)

        self._saving = steps()
        self.saving.save_button.setEnabled(False)
        self._save_step(f"{counted(len(records), 'course')} saved in {folder.name}.")

    def _save_step(self, done: str) -> None:
        if self._saving is None:
            return
        goes_on = is_saved = False
        try:
            self._say(next(self._saving), "dimmed")
            goes_on = True
        except StopIteration:
            self._say(done, "dimmed")
            is_saved = True
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
        finally:
            # After a fault of the program, too, one may save again.
            if goes_on:
                QTimer.singleShot(0, self, lambda: self._save_step(done))
            else:
                self._saving = None
                self._show()
                self.saved.emit()
                closes, self._closes_when_saved = self._closes_when_saved, False
                if closes and is_saved:
                    self.close()

    def _say(self, text: str, role: str) -> None:
        self.computing.message.setText(text)
        set_role(self.computing.message, role)


def computed_records(folder: Path, anchor: Path | None, engine: Engine, *, progress: Progress) -> tuple[int, int]:
    """Compute every record of a store that is not current; how many were, and how many could not be."""
    from app.operations.store_access import READER
    from app.store import open_store

    storage = open_store(folder, who=READER, read_only=True, anchor=anchor)
    try:
        found = recompute(storage, store_courses(storage), engine, anchor=anchor, progress=progress)
    finally:
        storage.close()
    failed = sum(kept.record is None for kept in found)
    return len(found) - failed, failed
