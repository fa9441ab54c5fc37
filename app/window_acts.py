"""What menus and keys do in the window: one callable per act of the key table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QComboBox, QFileDialog

from app.command_palette import CommandPalette, entries_of
from app.documentation_window import DocumentationWindow
from app.key_bindings import AS_DELIVERED, KeyBindings, bindings_of
from app.key_sheet import AboutDialog, KeySheet
from app.reviews import STEP_KEYS, StepKey
from app.stepping import centre_on_voi, step_cycle, step_time_point, step_voi
from app.theme_choice import THEMES, take_theme
from app.view_state import CT_PRESETS, LAYOUTS
from widgets.copying import copy_what_is_meant, plot_at
from widgets.view_keys import CURSOR_MOVES

if TYPE_CHECKING:
    from app.crosscheck.window import CrosscheckWindow
    from app.deidentification.window import DeidentifyWindow
    from app.main_window import MainWindow

SHAPE_ACTS = (
    "isocontour",
    "level-trace",
    "grow-region",
    "ball",
    "smooth",
    "hollow",
    "split",
    "interpolate",
    "margin-plus",
    "margin-minus",
    "keep-island",
)


SLICE_STEPS = {
    "next_slice": 1,
    "previous_slice": -1,
    "slices_on": 10,
    "slices_back": -10,
    "last_slice": 10_000,
    "first_slice": -10_000,
}
"""From the menu or the palette: so many slices on in the axial view; it stops at its ends."""


NOTHING_TO_COPY = "Click into a table, or point at a plot, to copy or save it"


class WindowActs:
    """Acts on a window and its session."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self.bindings = AS_DELIVERED

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Every act by its name in the key table; ``go_1`` … ``go_8`` for the steps."""
        window, session = self._window, self._session
        view_state, document = session.view_state, session.document
        acts: dict[str, Callable[[], object]] = {
            "patients": self.show_patients,
            "person": self.ask_who_works,
            "audit": self.show_audit_trail,
            "compare_revisions": self.compare_revisions,
            "network": self.show_network,
            "preferences": self.show_preferences,
            "cohort": self.show_cohort,
            "crosscheck": self.show_crosscheck,
            "deidentify": self.show_deidentify,
            "store": self.show_store,
            "protocols": self.show_protocols,
            "follow_up": self.show_follow_up,
            "cameras": self.show_cameras,
            "density_curves": self.show_density_curves,
            "open": self.choose_folder,
            "open_file": self.choose_file,
            "demonstration": self.choose_demonstration,
            "print_preview": partial(window.go_to, "report"),
            "save_plan": partial(self.on_step, "report", "save_pdf"),
            "quit": window.close,
            "undo": document.undo,
            "redo": document.redo,
            "history": window.toggle_history,
            "copy": self.copy,
            "save_plot": self.save_plot,
            "second_window": partial(self.on_step, "voi", "show_second_window"),
            "linked": partial(self.on_step, "voi", "toggle_linked"),
            "copy_cycle": partial(self.on_step, "voi", "copy_cycle"),
            "reviewed": partial(self.on_step, "voi", "mark_reviewed"),
            "own_shape": partial(self.on_step, "voi", "toggle_own_shape"),
            "fusion": view_state.cycle_fusion,
            "overlay": view_state.toggle_overlay,
            "contours": lambda: view_state.set_contours(not view_state.contours),
            "decay_corrected": partial(self.on_step, "voi", "toggle_decay_corrected"),
            "reset": view_state.reset,
            "previous_time_point": partial(step_time_point, session, -1),
            "next_time_point": partial(step_time_point, session, +1),
            **{name: partial(self.on_slice, "step_slices", steps) for name, steps in SLICE_STEPS.items()},
            **{name: partial(self.on_slice, "step_cursor", *steps) for name, steps in CURSOR_MOVES.items()},
            "use_tool": partial(self.on_slice, "use_tool_at_cursor"),
            "close": partial(self.on_step, "voi", "close_outline", switch=False),
            "previous_cycle": partial(step_cycle, session, -1),
            "next_cycle": partial(step_cycle, session, +1),
            "inspector": window.toggle_inspector,
            "cursor": partial(self.on_step, "voi", "drop_tool", switch=False),
            "brush": partial(view_state.set_tool, "brush"),
            "erase": partial(view_state.set_tool, "erase"),
            "polygon": partial(view_state.set_tool, "polygon"),
            "live-wire": partial(view_state.set_tool, "live-wire"),
            "ball-tool": partial(view_state.set_tool, "ball"),
            "ellipsoid": partial(view_state.set_tool, "ellipsoid"),
            "move": partial(view_state.set_tool, "move"),
            "scissors": partial(view_state.set_tool, "scissors"),
            "crop": partial(view_state.set_tool, "crop"),
            "edges": partial(self.on_step, "voi", "toggle_edges"),
            "through": partial(self.on_step, "voi", "toggle_through"),
            "clip": partial(self.on_step, "voi", "toggle_clip"),
            "smaller": partial(view_state.scale_brush, -1),
            "larger": partial(view_state.scale_brush, +1),
            "previous_voi": partial(step_voi, session, -1),
            "next_voi": partial(step_voi, session, +1),
            "centre": self.centre_on_voi,
            "next_review": partial(self.on_step, "voi", "go_to_next_review"),
            "confirm": window.confirm_step,
            "palette": lambda: CommandPalette(entries_of(window), window).open_over(window),
            "key_sheet": self.show_key_sheet,
            "keys": self.change_keys,
            "documentation": lambda: DocumentationWindow(window, bindings=self.bindings).open(),
            "about": lambda: AboutDialog(window).open(),
        }
        for act in SHAPE_ACTS:
            acts[act] = partial(self.on_step, "voi", "do_shape_act", act)
        for theme in THEMES:
            acts[f"theme_{theme}"] = partial(self.choose_theme, theme)
        for layout in LAYOUTS:
            acts[f"layout_{layout}"] = partial(self.on_step, "voi", "show_layout", layout)
        for number, (_name, width, level) in enumerate(CT_PRESETS, start=1):
            acts[f"preset_{number}"] = partial(view_state.set_window, width, level)
        for number, key in enumerate(STEP_KEYS, start=1):
            acts[f"go_{number}"] = partial(window.go_to, key)
        return acts

    def on_step(self, key: StepKey, act: str, *arguments: str | Path, switch: bool = True) -> None:
        """Do something in a step, going there first; without ``switch`` only if it is in view."""
        window = self._window
        if window.current_step != key:
            if not switch:
                return
            window.go_to(key)
        getattr(window.step(key), act)(*arguments)

    def on_slice(self, act: str, *steps: int) -> None:
        """Do something in the slice that has the keyboard, else in the axial view of the step, if it has one."""
        from widgets.slice_view import SliceView  # its image libraries are not needed for the first window

        focused = self._window.focusWidget()
        view = focused if isinstance(focused, SliceView) else None
        if view is None:
            view = self._window.step(self._window.current_step).findChild(SliceView, "slice_axial")
        if view is not None:
            getattr(view, act)(*steps)

    def centre_on_voi(self) -> None:
        """Go to the middle of the active VOI; where there is none, the step in view says so."""
        why_not = centre_on_voi(self._session)
        if why_not:
            self._window.step(self._window.current_step).tell(why_not)

    def choose_theme(self, theme: str) -> None:
        """Take a look at once, and remember it; images stay on dark."""
        self._session.preferences = replace(self._session.preferences, theme=theme)
        take_theme(theme)
        # Preferences that are open say what holds now.
        for box in self._window.findChildren(QComboBox, "preferences_theme"):
            box.setCurrentIndex(THEMES.index(theme))

    def compare(self, first: int, second: int) -> None:
        """Look at two scans in the align step; the one that is not the reference is the moving one."""
        cycle = self._session.cycle
        reference = cycle.reference_time_point if cycle is not None else 0
        self._session.view_state.set_time_point(first if second == reference else second)
        self._window.go_to("align")

    def use_keys(self) -> None:
        """Take keys and gestures from the preferences; what of them can't be used is said."""
        preferences = self._session.preferences
        bindings, problems = bindings_of(preferences.keys, preferences.mouse)
        self._use(bindings)
        if problems:
            self._window.job_strip.set_message(
                f"As delivered, because the preferences were damaged: {', '.join(problems)}"
            )

    def _use(self, bindings: KeyBindings) -> None:
        self.bindings = bindings
        bindings.use()
        self._window.actions_table.use_keys(bindings)

    def show_key_sheet(self) -> None:
        """Keys of the step in view."""
        window = self._window
        sheet = KeySheet(window.step(window.current_step), self.bindings, window)

        def change() -> None:
            sheet.reject()
            self.change_keys()

        sheet.change_requested.connect(change)
        sheet.open()

    def change_keys(self) -> None:
        """Let keys and gestures be chosen; they hold at once and are kept with the preferences."""
        from app.key_editor import KeyEditor

        editor = KeyEditor(self.bindings, self._window)
        editor.chosen.connect(self._keep_keys)
        editor.open()

    def _keep_keys(self, bindings: KeyBindings) -> None:
        self._use(bindings)
        keys, mouse = bindings.as_preferences()
        self._session.preferences = replace(self._session.preferences, keys=keys, mouse=mouse)

    def choose_folder(self) -> None:
        """Ask for a case folder and open it."""
        start = self._session.preferences.last_folder
        chosen = QFileDialog.getExistingDirectory(self._window, "Open a case folder (with case.toml)", start)
        if chosen:
            self._window.opening.open_path(Path(chosen))

    def choose_file(self) -> None:
        """Ask for a case file and open it."""
        start = self._session.preferences.last_folder
        chosen, _kind = QFileDialog.getOpenFileName(self._window, "Open a case file", start, "Case file (*.toml)")
        if chosen:
            self._window.opening.open_path(Path(chosen))

    def choose_demonstration(self) -> None:
        """Ask for a folder, write the demonstration case into it and open it."""
        title = "Folder for the demonstration case (empty or new)"
        chosen = QFileDialog.getExistingDirectory(self._window, title)
        if chosen:
            self._window.opening.open_demonstration(Path(chosen))

    def show_patients(self) -> None:
        """Close the course and show the list of patients; everything is saved already."""
        window = self._window
        if not self._session.case.cycles or window.opening.leave_course():
            window.go_to("course")
            if window.keeping is not None and window.keeping.list is not None:
                window.keeping.list.setFocus()

    def ask_who_works(self) -> None:
        """Ask anew who is working."""
        if self._has_store() and self._window.keeping is not None:
            self._window.keeping.panel.ask()

    def show_audit_trail(self) -> None:
        """The audit trail of the open course, or of the whole store where none is open."""
        keeping = self._window.keeping
        if not self._has_store() or keeping is None:
            return
        from app.audit.window import AuditWindow

        journal = self._session.journal
        course_id = journal.course_id if journal is not None else self._session.reading_course
        if journal is not None:
            journal.flush()
        AuditWindow(
            keeping.courses.storage, course_id, who=lambda: keeping.courses.person or "", parent=self._window
        ).show()

    def show_cameras(self) -> None:
        """Camera profiles of the data folder."""
        from app.cameras.opening import show_cameras  # its image libraries are not needed for the first window

        show_cameras(self._window)

    def show_density_curves(self) -> None:
        """Density curves of the data folder."""
        from app.cameras.opening import show_density_curves

        show_density_curves(self._window)

    def list_folder(self, folder: Path) -> None:
        """Show on the import screen what a folder of DICOM holds."""
        self._window.go_to("import")
        self.on_step("import", "look_into_folder", folder)

    def show_network(self) -> None:
        """The department's archive: query, retrieve, send, receive."""
        from app.network.opening import show_network

        show_network(self._window, self)

    def show_preferences(self) -> None:
        """Nodes of the archive, the look, keys and mouse."""
        from app.network.opening import show_preferences

        show_preferences(self._window, self)

    def show_crosscheck(self) -> None:
        """Dose and numbers of another system beside the open course's."""
        from app.crosscheck.window import CrosscheckWindow

        self._show_beside_results(CrosscheckWindow)

    def show_deidentify(self) -> None:
        """The open course for research, without its patient."""
        from app.deidentification.window import DeidentifyWindow

        self._show_beside_results(DeidentifyWindow)

    def _show_beside_results(self, kind: type[CrosscheckWindow | DeidentifyWindow]) -> None:
        """A window that reads the results of the open course that are current when it asks for them."""
        session = self._session
        if not self._has_course():
            return
        shown = kind(lambda: session.planned if session.is_current else None, session.jobs, self._window)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.show()

    def show_cohort(self) -> None:
        """Every course of the store together."""
        keeping = self._window.keeping
        if not self._has_store() or keeping is None:
            return
        from app.cohort.window import CohortWindow

        courses, window = keeping.courses, self._window
        shown = CohortWindow(
            lambda: courses.storage,
            self._session.jobs,
            window,
            anchor=courses.configuration.anchor_file,
            cluster=courses.configuration.cohort_cluster,
        )
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.course_wanted.connect(window.opening.open_course)
        shown.show()

    def compare_revisions(self) -> None:
        """What differs between two states of the open course."""
        if not self._has_course():
            return
        from app.plans.revision_window import RevisionWindow

        RevisionWindow(self._session, self._window).show()

    def copy(self) -> None:
        """Copy the table with the keyboard, else the plot under the pointer."""
        self._window.job_strip.set_message(copy_what_is_meant() or NOTHING_TO_COPY)

    def save_plot(self) -> None:
        """Save picture and numbers of the plot under the pointer."""
        plot = plot_at(QCursor.pos())
        if plot is None:
            self._window.job_strip.set_message(NOTHING_TO_COPY)
            return
        from widgets.plot_menu import ask_and_save

        written = ask_and_save(plot)
        if written is not None:
            self._window.job_strip.set_message(f"Saved {' and '.join(path.name for path in written)}")

    def show_store(self) -> None:
        """Where everything is kept, its backups and its check."""
        keeping = self._window.keeping
        if self._has_store() and keeping is not None:
            keeping.show_store()

    def show_follow_up(self, page: str = "") -> None:
        """Blood, laboratory and what became of the patient, to enter and to read; at a page by its name."""
        from app.follow_up.opening import show_follow_up

        show_follow_up(self._window, page)

    def show_protocols(self) -> None:
        """The shipped protocols and the clinic's own, to read and to edit."""
        from app.protocols.opening import open_protocols

        open_protocols(self._window)

    def _has_store(self) -> bool:
        if self._window.keeping is None:
            self._window.job_strip.set_message("Nothing is kept in this window: there is no store")
        return self._window.keeping is not None

    def _has_course(self) -> bool:
        has_course = bool(self._session.document.case.cycles)
        if not has_course:
            self._window.job_strip.set_message("No course is open")
        return has_course
