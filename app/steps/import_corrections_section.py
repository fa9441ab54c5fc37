"""The corrections of a cycle in the inspector: files' word beside what is used, a reason for each, scanner profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from app.case_edits import with_cycle
from app.import_corrections import HINTS, TITLES, CorrectionKey, corrected, corrections_of, with_corrections_read
from app.importing.scanner_profiles import ScannerProfile, ScannerProfiles, profile_of_cycle
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.session import Session
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Progress
from widgets.text_question import TextQuestion

_COLUMNS = (GridColumn("what", ""), GridColumn("original", "In the files", wraps=True), GridColumn("used", "Used"))


def corrected_cycle(case: Case, index: int, changed: Cycle, *, progress: Progress) -> Cycle:
    """The changed cycle with its SPECT read again; runs as a job."""
    from app.importing.files_read import read_cycle

    return with_corrections_read(case, index, changed, read_cycle, progress=progress)


class CorrectionsSection(Section):
    """What the files say, what is used instead and why; one undoable step for each correction."""

    def __init__(self, session: Session) -> None:
        super().__init__("Corrections", name="corrections_section")
        self._session = session
        self.table = NumberGrid("corrections")
        self.add(self.table)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._keys: tuple[CorrectionKey, ...] = tuple(TITLES)
        self.choice = combo_box("correction_choice", [TITLES[key] for key in self._keys])
        self.choice.currentIndexChanged.connect(self._show_hint)
        self.value = QLineEdit()
        self.value.setObjectName("correction_value")
        self.reason = QLineEdit()
        self.reason.setObjectName("correction_reason")
        self.reason.setPlaceholderText("why; kept with the course")
        for label, field in (("Correct", self.choice), ("Value", self.value), ("Reason", self.reason)):
            form.addRow(label, field)
        holder = QWidget()
        form.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(form)
        self.add(holder)
        self.button = push_button("Correct and read again", name="correct", tooltip="VOIs and alignment stay")
        self.button.clicked.connect(self.correct)
        self.add_row(self.button)
        self.profiles = combo_box("scanner_profiles", [])
        self.apply_button = push_button("Apply", name="apply_profile", tooltip="what the profile says, to this cycle")
        self.apply_button.clicked.connect(self.apply_profile)
        self.add(text_label("Profiles of this scanner", role="dimmed"))
        self.add(self.profiles)
        keep = push_button("Keep as profile…", name="keep_profile", tooltip="what was corrected here, under a name")
        keep.clicked.connect(lambda: self.keep_profile())
        rename = push_button("Rename…", name="rename_profile")
        rename.clicked.connect(lambda: self.rename_profile())
        delete = push_button("Delete", name="delete_profile")
        delete.clicked.connect(self.delete_profile)
        self.add_row(self.apply_button, keep)
        self.add_row(rename, delete)
        self._profile_buttons = (self.apply_button, rename, delete)
        self._keep = keep
        self.question = TextQuestion("profile_name")
        self.add(self.question)
        self.message = text_label(role="dimmed", name="corrections_message", wrap=True)
        self.add(self.message)
        self._known: tuple[ScannerProfile, ...] = ()
        self._show_hint()

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _show_hint(self) -> None:
        key = self._keys[max(0, self.choice.currentIndex())]
        self.value.setPlaceholderText(HINTS[key])
        self.value.setToolTip(HINTS[key])

    def refresh(self) -> None:
        """Show the current cycle."""
        cycle, point = self._session.cycle, self._session.time_point
        rows = []
        if cycle is not None and point is not None:
            rows = [
                GridRow(
                    one.key,
                    {"what": TITLES[one.key], "original": one.original, "used": one.used or "–"},
                    mark="warning" if one.is_corrected else "",
                )
                for one in corrections_of(self._session.case, cycle, point)
            ]
        self.table.show_rows(_COLUMNS if rows else [], rows)
        self.button.setEnabled(bool(rows))
        self._show_profiles(cycle)

    def _store(self) -> ScannerProfiles | None:
        courses = self._session.courses
        return ScannerProfiles(courses.storage.folder) if courses is not None else None

    def _show_profiles(self, cycle: Cycle | None) -> None:
        store, self._known = self._store(), ()
        if store is not None and cycle is not None and cycle.time_points:
            try:
                self._known = store.of_scanner(cycle.time_points[0].spect.manufacturer or "not stated")
            except DosimetryError as error:
                self.message.setText(error.line())
        shown = [f"{profile.name}: {', '.join(profile.words)}" for profile in self._known]
        if shown != [self.profiles.itemText(n) for n in range(self.profiles.count())]:
            self.profiles.clear()
            self.profiles.addItems(shown)
        for button in self._profile_buttons:
            button.setEnabled(bool(self._known))
        self._keep.setEnabled(store is not None and cycle is not None)

    # --- acts ---------------------------------------------------------------------------------------------------------

    def correct(self) -> None:
        """Enter the correction; it needs a reason."""
        key, text, reason = self._keys[self.choice.currentIndex()], self.value.text(), self.reason.text().strip()
        if not reason:
            self.message.setText("A correction needs a reason.")
            return
        what = f"{TITLES[key]}: {text.strip() or 'as in the files'}"
        self._change(lambda cycle: corrected(cycle, key, text), f"Correct {what}", reason)

    def apply_profile(self) -> None:
        """Enter what the chosen profile says."""
        if self._known:
            profile = self._known[max(0, self.profiles.currentIndex())]
            why = f"scanner profile {profile.name}: {', '.join(profile.words)}"
            self._change(profile.applied_to, f"Apply scanner profile {profile.name}", why)

    def _change(self, edit: Callable[[Cycle], Cycle], label: str, why: str) -> None:
        session = self._session
        case, index, cycle = session.document.case, session.view_state.cycle, session.cycle
        if cycle is None or not session.permission.asked():
            return
        try:
            changed = edit(cycle)
        except DosimetryError as error:
            self.message.setText(error.line())
            return
        if changed == cycle or _same_settings(changed, cycle):
            self.message.setText("That is what is used already.")
            return
        job = session.jobs.start(corrected_cycle, case, index, changed, purpose="open", title="Reading as corrected")

        def take(read: Cycle) -> None:
            if session.document.case is not case:
                self.message.setText("The course was changed meanwhile; correct it once more.")
                return
            session.document.apply(label, lambda now: with_cycle(now, index, read), why=why)
            self.value.clear()
            self.reason.clear()
            self.message.setText(f"{label} ({why}).")

        def refuse(error: Exception) -> None:
            self.message.setText(f"Not corrected: {error}")

        job.succeeded.connect(take)
        job.failed.connect(refuse)

    def keep_profile(self, name: str | None = None) -> None:
        """Keep what was corrected in this cycle as a profile of its scanner; the name is asked for unless given."""
        cycle = self._session.cycle
        if cycle is not None:
            self._with_name("Name of the profile", name, lambda store, said: store.keep(profile_of_cycle(said, cycle)))

    def rename_profile(self, name: str | None = None) -> None:
        """Give the chosen profile another name."""
        if self._known:
            old = self._known[max(0, self.profiles.currentIndex())].name
            self._with_name(f"New name of scanner profile {old}", name, lambda store, said: store.rename(old, said))

    def delete_profile(self) -> None:
        """Forget the chosen profile; what it said stays where it was applied."""
        if self._known:
            name = self._known[max(0, self.profiles.currentIndex())].name
            self._try(lambda store: store.delete(name))

    def _with_name(self, question: str, name: str | None, act: Callable[[ScannerProfiles, str], Any]) -> None:
        """Do something with a name, asked for below the buttons unless given; nothing with an empty one."""

        def do(said: str) -> None:
            self._try(lambda store: act(store, said) if said else None)

        if name is not None:
            do(name)
        else:
            self.question.ask(question, do)

    def _try(self, act: Callable[[ScannerProfiles], Any]) -> None:
        store = self._store()
        if store is None:
            return
        try:
            act(store)
            self.message.setText("")
        except DosimetryError as error:
            self.message.setText(error.line())
        self._show_profiles(self._session.cycle)


def _same_settings(one: Cycle, other: Cycle) -> bool:
    return one.calibration == other.calibration and dict(one.clock_offset_s) == dict(other.clock_offset_s)
