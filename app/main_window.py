"""The window: patient banner, step rail, work area, inspector, time strip, status line; layout and wiring only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow

from app.accessible_names import name_controls
from app.before_painting import BeforePainting
from app.case_opening import CaseOpening
from app.case_reading import completed, evaluated
from app.document import Document
from app.finding_places import FindingDialog, place_of
from app.job_messages import JobMessages
from app.jobs import Jobs
from app.loading import step_module
from app.pending_words import summary_with_pending
from app.permission import Permission
from app.plans.plan_choice import PlanChoice
from app.plans.stale_notice import StaleNotice
from app.preferences import Preferences
from app.problems import identifying_texts, problems_of, save_report
from app.recomputation import Recomputation
from app.reviews import STEP_KEYS, Reviews, StepKey
from app.second_opinion_watch import SecondOpinionWatch
from app.session import Session
from app.step_states import rail_note, step_state
from app.steps.step import Step
from app.view_state import ViewState
from app.window_actions import WindowActions
from app.window_acts import WindowActs
from app.window_frame import WindowFrame
from app.window_leaving import WindowLeaving
from app.window_texts import banner_of, window_title
from dosimetry_core.case import Case
from dosimetry_core.case_file import CASE_FILE_NAME
from dosimetry_core.errors import DosimetryError, Finding
from widgets.calm_wheel import calm_wheels_in

if TYPE_CHECKING:
    from app.courses.courses import Courses
    from app.courses.window_keeping import WindowKeeping
    from app.history_panel import HistoryPanel
    from app.operations.data_folder import DataFolder
    from app.scan_strip import ScanStrip

STEP_CLASSES: dict[StepKey, str] = {
    "course": "CourseStep",
    "import": "ImportStep",
    "align": "AlignStep",
    "voi": "VoiStep",
    "curves": "CurvesStep",
    "dose": "DoseStep",
    "plan": "PlanStep",
    "report": "ReportStep",
}

Behind = Literal["numbers", "all"] | None
"""What of the step in view is no longer that of the case: its results, or everything."""


class MainWindow(QMainWindow):
    """The whole application window around one open case.

    Parameters
    ----------
    case
        What is shown first.
    preferences, reports_folder
        Of this user.
    """

    def __init__(
        self, case: Case, *, preferences: Preferences | None = None, reports_folder: Path | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        # Otherwise each new layout of the window makes an animation and its timer, even where nothing moves.
        self.setAnimated(False)
        permission, view_state, jobs = Permission(self), ViewState(self), Jobs(self)
        document = Document(case, self, permission=permission)
        self.session = Session(
            document,
            view_state,
            jobs,
            Recomputation(document, jobs, evaluated, self, complete=completed),
            SecondOpinionWatch(document, jobs, self),
            Reviews(self, permission=permission),
            PlanChoice(self, permission=permission),
            permission,
            preferences or Preferences(),
        )
        self.keeping: WindowKeeping | None = None
        self._leaving = WindowLeaving(self)
        self._inspector_wanted = True
        self._history: HistoryPanel | None = None
        self.identifying: Callable[[], tuple[str, ...]] = tuple
        """Words of other patients that must not stand in a problem report either."""
        view_state.set_brush_radius(self.session.preferences.brush_radius_mm)
        view_state.set_fusion_share(self.session.preferences.fusion_share)
        self.opening = CaseOpening(self.session, self)
        self._reports_folder = reports_folder
        self._steps: dict[StepKey, Step] = {}
        self._current: StepKey = "course"
        self._behind: Behind = "all"
        self._build()
        self.acts = WindowActs(self)
        self.actions_table = WindowActions(self, self.acts.by_name())
        self.actions_table.add_history(document)
        self.acts.use_keys()
        self._connect()
        self.stale_notice = StaleNotice(self)
        self.go_to("course")

    # --- layout -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.frame = frame = WindowFrame(self)
        self.banner, self.notices, self.rail = frame.banner, frame.notices, frame.rail
        self.heading, self.subheading, self.work = frame.heading, frame.subheading, frame.work
        self.side, self.inspectors = frame.side, frame.inspectors
        self.state_note, self.confirm_button = frame.state_note, frame.confirm_button
        self.probe, self.job_strip, self.constancy = frame.probe, frame.job_strip, frame.constancy
        self.saved_note, self.undo_note = frame.saved_note, frame.undo_note
        self._strip: ScanStrip | None = None
        self.setCentralWidget(frame)
        self.setMinimumSize(1180, 660)
        self.resize(1600, 960)

    def keep_in(self, courses: Courses, folder: DataFolder) -> None:
        """From now on keep what is opened in the store of this data folder."""
        from app.courses.window_keeping import WindowKeeping

        self.keeping = WindowKeeping(self, courses, folder)

    # --- wiring -----------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        session = self.session
        self._soon = BeforePainting(self._refresh, self)
        session.document.changed.connect(lambda _change: self._touch())
        session.document.evaluation_changed.connect(self._touch_numbers)
        session.document.history_changed.connect(self._show_history)
        session.recomputation.failed.connect(self._show_evaluation_failure)
        session.recomputation.stopped.connect(session.second_opinion.hear_as_they_are)
        session.recomputation.stopped.connect(self._touch)
        session.second_opinion.failed.connect(self._show_evaluation_failure)
        session.recomputation.busy_changed.connect(lambda _busy: self._soon.ask())
        session.recomputation.finished.connect(lambda _evaluation: self._show_constancy())
        session.permission.refused.connect(self.job_strip.set_message)
        session.reviews.changed.connect(self._touch)
        session.plan_choice.changed.connect(self._touch)
        for signal in (session.view_state.cycle_changed, session.view_state.time_point_changed):
            signal.connect(lambda _index: self._touch())
        session.view_state.voi_changed.connect(lambda _voi: self._touch())
        self.job_messages = JobMessages(session, self.job_strip, self)
        self.rail.step_clicked.connect(self.go_to)
        self.confirm_button.clicked.connect(self.confirm_step)
        self.opening.opened.connect(self._touch)
        self.opening.ready.connect(self._touch)
        self.opening.failed.connect(self.show_problem)
        self.setAcceptDrops(True)
        self._show_history()

    @property
    def strip(self) -> ScanStrip:
        """The scans below the work area, made when they are first needed: their pictures need image libraries."""
        if self._strip is None:
            from app.scan_strip import ScanStrip

            self._strip = ScanStrip(self.session)
            self._strip.compare_requested.connect(self.acts.compare)
            self.frame.add_strip(self._strip)
        return self._strip

    # --- steps ------------------------------------------------------------------------------------------------------

    @property
    def current_step(self) -> StepKey:
        """The step in view."""
        return self._current

    def step(self, key: StepKey) -> Step:
        """A step's work area, made when it is first needed."""
        if key not in self._steps:
            made: Step = getattr(step_module(key), STEP_CLASSES[key])(self.session)
            made.probed.connect(self.probe.setText)
            made.told.connect(self.job_messages.tell)
            made.step_requested.connect(self.go_to)
            made.place_requested.connect(self.show_place)
            made.explained.connect(lambda finding: FindingDialog(finding, self).open())
            if key == "course":
                made.open_requested.connect(self.acts.choose_folder)  # type: ignore[attr-defined]
                made.demonstration_requested.connect(self.acts.choose_demonstration)  # type: ignore[attr-defined]
                made.follow_up_requested.connect(self.acts.show_follow_up)  # type: ignore[attr-defined]
            if key == "import":
                made.cameras_requested.connect(self.acts.by_name()["cameras"])  # type: ignore[attr-defined]
                made.density_requested.connect(self.acts.by_name()["density_curves"])  # type: ignore[attr-defined]
                made.course_made.connect(self.opening.open_case)  # type: ignore[attr-defined]
            self._steps[key] = made
            self.work.addWidget(made)
            self.inspectors.addWidget(made.inspector)
            self.actions_table.add_to(made)
            self.actions_table.add_to(made.inspector)
            name_controls(made, made.inspector)
            calm_wheels_in(made, made.inspector)
        return self._steps[key]

    def go_to(self, key: StepKey) -> None:
        """Show a step."""
        step = self.step(key)
        if self._current in self._steps and self._current != key:
            self._steps[self._current].left()
        self._current = key
        self.work.setCurrentWidget(step)
        self.inspectors.setCurrentWidget(step.inspector)
        self.rail.set_current(key)
        if step.needs_time_strip or self._strip is not None:
            self.strip.setVisible(step.needs_time_strip)
        self._behind = "all"
        self._refresh()
        step.entered()
        if self.rail.isAncestorOf(self.focusWidget() or self):
            step.setFocus()

    def toggle_inspector(self) -> None:
        """Show the inspector or not."""
        self._inspector_wanted = not self._inspector_wanted
        self._refresh()

    def toggle_history(self) -> None:
        """Show the panel with all steps, or put it away."""
        if self._history is None:
            from app.history_panel import HistoryPanel

            self._history = HistoryPanel(self.session.document, self)
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._history)
            self._history.list.setFocus()
            return
        self._history.setVisible(not self._history.isVisible())

    def show_place(self, finding: Finding) -> None:
        """Go to what a finding is about: its cycle, VOI or scan, in the step that shows it."""
        place = place_of(finding, self.session.case)
        if place.cycle is not None:
            self.session.view_state.set_cycle(place.cycle)
        if place.time_point is not None:
            self.session.view_state.set_time_point(place.time_point)
        if place.voi_id is not None:
            self.session.view_state.set_voi(place.voi_id)
        if place.step is not None:
            self.go_to(place.step)

    def confirm_step(self) -> None:
        """Confirm the step in view and go on to the next."""
        session = self.session
        if not session.permission.asked() or self.step(self._current).holds_back():
            return
        session.reviews.confirm(self._current, session.document.case, session.document.evaluation)
        place = STEP_KEYS.index(self._current)
        if place + 1 < len(STEP_KEYS):
            self.go_to(STEP_KEYS[place + 1])

    @property
    def is_about_to_refresh(self) -> bool:
        """Whether something changed that is not shown yet."""
        return self._soon.is_asked

    def _touch(self) -> None:
        self._behind = "all"
        self._soon.ask()

    def _touch_numbers(self) -> None:
        """The case is shown already; only its results are others."""
        if self._behind is None:
            self._behind = "numbers"
        self._soon.ask()

    def _refresh(self) -> None:
        step = self.step(self._current)
        behind, self._behind = self._behind, None
        if behind is not None and self.session.document.is_previewing:
            step.refresh_live()
            return
        if behind == "all":
            step.refresh()
        elif behind == "numbers":
            step.refresh_live()
        self.side.setVisible(self._inspector_wanted and step.has_inspector)
        case = self.session.document.case
        self.setWindowTitle(window_title(case))
        self.banner.show_patient(banner_of(case, self.session.view_state.cycle))
        self.heading.setText(f"{STEP_KEYS.index(self._current) + 1}  {step.title}")
        for key in STEP_KEYS:
            state, note = step_state(key, self.session)
            self.rail.set_state(key, state, rail_note(state, note))
            if key == self._current:
                self.state_note.setText(note[:1].upper() + note[1:])
                self.subheading.setText(summary_with_pending(step.summary(), self.session))
                self.confirm_button.setEnabled(state not in ("empty", "confirmed"))
                self.confirm_button.setText("Confirmed" if state == "confirmed" else "Confirm step")
        if step.needs_time_strip:
            self.strip.refresh()
        self.stale_notice.refresh()

    # --- messages ---------------------------------------------------------------------------------------------------

    def show_problem(self, error: BaseException) -> None:
        """Tell the user about an error; one of ours leaves a report."""
        report = None
        if not isinstance(error, (DosimetryError, OSError)) and self._reports_folder is not None:
            identifying = (*self.identifying(), *identifying_texts(self.session.document.case.patient))
            report = save_report(error, self._reports_folder, identifying=identifying, doing=f"step {self._current}")
        lines = [problem.text() for problem in problems_of(error, report=report)]
        self.job_strip.set_message(lines[0] + (f"  (+ {len(lines) - 1} more)" if len(lines) > 1 else ""))
        self.job_strip.setToolTip("\n".join(lines))
        course = self.step("course")
        course.show_problems(lines)  # type: ignore[attr-defined]

    def _show_evaluation_failure(self, error: Exception) -> None:
        if isinstance(error, (DosimetryError, OSError)):
            self.job_strip.set_message(problems_of(error)[0].text())
        else:
            self.show_problem(error)
        self._touch()

    def _show_history(self) -> None:
        document = self.session.document
        self.undo_note.set_text(f"undo: {document.undo_label}" if document.undo_label else "nothing to undo")
        self.actions_table.set_history(document.undo_label, document.redo_label)

    def _show_constancy(self) -> None:
        if not self.session.is_current or self.session.document.is_previewing:
            return
        from app.constancy_line import constancy_text

        document = self.session.document
        # What was edited is meant to give other numbers.
        text = "" if document.position else constancy_text(document.evaluation, Path(document.case.folder))
        self.constancy.set_text(text)
        self.constancy.setVisible(bool(text))

    # --- window events ----------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt override
        """From now on the window system sends events."""
        super().showEvent(event)
        self.session.jobs.hand.watch(self.windowHandle())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 Qt override
        """A folder or a case file can be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 Qt override
        """Open the case or course that was dropped; list the series of a folder that holds no case."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return
        event.acceptProposedAction()
        if paths[0].is_dir() and not (paths[0] / CASE_FILE_NAME).exists():
            self.go_to("import")
            getattr(self.step("import"), "look_into_folder")(paths[0])  # noqa: B009  # steps are imported late
        else:
            self.opening.open_path(paths[0])

    def forget_unsaved(self) -> None:
        """All is saved again: leaving asks anew when something is not."""
        self._leaving.forget_unsaved()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Cancel computations and wait briefly; nothing is asked unless something could not be saved."""
        if self._leaving.may_leave():
            event.accept()
        else:
            event.ignore()
