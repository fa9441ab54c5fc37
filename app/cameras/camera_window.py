"""Calibration of cameras in the window: profiles with their history, measuring a phantom, choosing one for a case."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.cameras.measure_form import MeasureForm, sensitivity_words
from app.cameras.measuring import Measured
from app.cameras.profiles_kept import CameraProfiles
from app.jobs import Jobs
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.problems import problems_of
from app.steps.step import Section, combo_box, push_button, text_label
from dosimetry_core.camera_profile import CameraEntry, CameraProfile, EntryKind
from dosimetry_core.errors import DosimetryError, MissingDataError
from widgets.copying import copy_by_keyboard
from widgets.fit_plot import FitPlot
from widgets.phantom_view import PhantomView

NEW: str = "New profile…"
_PLOT_HEIGHT = 190
_ABOUT = (
    ("camera", "Camera"),
    ("model", "Model"),
    ("station", "Serial number or station"),
    ("collimator", "Collimator"),
    ("energy_window", "Energy window"),
    ("nuclide", "Nuclide"),
)
_COLUMNS = (
    GridColumn("day", "Measured"),
    GridColumn("what", "Entry"),
    GridColumn("who", "Recorded"),
)


class CameraWindow(QDialog):
    """Not modal. ``chosen`` carries a profile that is to be used in the open cycle."""

    chosen = Signal(object)
    person_needed = Signal()

    def __init__(
        self,
        profiles: CameraProfiles,
        jobs: Jobs,
        who: Callable[[], str | None],
        parent: QWidget | None = None,
        *,
        cycle_number: int | None = None,
        time_zone: str | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("camera_window")
        self.setWindowTitle("Camera calibration")
        copy_by_keyboard(self)
        self.resize(1240, 860)
        self._profiles, self._jobs, self._who, self._time_zone = profiles, jobs, who, time_zone
        self._known: tuple[CameraProfile, ...] = ()
        self._measured: Measured | None = None
        columns = QHBoxLayout(self)
        left, right = QWidget(), QWidget()
        self._left, self._right = QVBoxLayout(left), QVBoxLayout(right)
        for column in (self._left, self._right):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(10)
        self._build_profile(cycle_number)
        self._build_measuring()
        for widget in (left, right):
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setWidget(widget)
            scroll.setFrameShape(QScrollArea.Shape.NoFrame)
            columns.addWidget(scroll, 1)
        self.refresh()

    def _build_profile(self, cycle_number: int | None) -> None:
        section = Section("Profile")
        self.choice = combo_box("camera_profile_choice", [])
        self.choice.currentIndexChanged.connect(lambda _n: self._show_profile())
        section.add(self.choice)
        self.state = text_label(name="camera_profile_state", wrap=True)
        section.add(self.state)
        self.about = NumberGrid("camera_about", spread=False)
        section.add(self.about)
        text = "Use in this cycle" if cycle_number is None else f"Use in cycle {cycle_number}"
        self.use = push_button(text, name="use_camera_profile", tooltip="copy what is in force; one undoable step")
        self.use.clicked.connect(self._choose)
        self._can_use = cycle_number is not None
        section.add_row(self.use)
        self._left.addWidget(section)
        history = Section("History")
        self.history = NumberGrid("camera_history", spread=False)
        history.add(self.history)
        self._left.addWidget(history)
        self._left.addStretch(1)

    def _build_measuring(self) -> None:
        section = Section("Measure from DICOM")
        self.form = MeasureForm()
        section.add(self.form)
        self.measure_button = push_button("Measure", name="measure_phantom")
        self.measure_button.clicked.connect(self.measure)
        section.add_row(self.measure_button)
        self.message = text_label(role="warning", name="camera_message", wrap=True)
        self.message.hide()
        section.add(self.message)
        self._right.addWidget(section)
        self.outcome = Section("Result")
        self.words = text_label(name="phantom_words", wrap=True)
        self.outcome.add(self.words)
        self.shown = QWidget()
        row = QHBoxLayout(self.shown)
        row.setContentsMargins(0, 0, 0, 0)
        self.picture, self.plots = PhantomView(), (FitPlot(), FitPlot(), FitPlot())
        row.addWidget(self.picture, 1)
        plots = QVBoxLayout()
        for plot in self.plots:
            plot.setFixedHeight(_PLOT_HEIGHT)
            plots.addWidget(plot)
        plots.addStretch(1)
        row.addLayout(plots, 1)
        self.outcome.add(self.shown)
        facts = QWidget()
        form = QFormLayout(facts)
        form.setContentsMargins(0, 0, 0, 0)
        self.facts: dict[str, QLineEdit] = {}
        for key, title in (("name", "Profile"), *_ABOUT[1:5], ("reason", "Why it is recorded")):
            field = QLineEdit()
            field.setObjectName(f"record_{key}")
            field.setAccessibleName(title)
            form.addRow(title, field)
            self.facts[key] = field
        self.outcome.add(facts)
        self.record_button = push_button("Record", name="record_measurement", primary=True)
        self.record_button.clicked.connect(self.record)
        self.outcome.add_row(self.record_button)
        self._right.addWidget(self.outcome)
        self._right.addStretch(1)
        self.form.kind.currentIndexChanged.connect(lambda _n: self._show_measured(None))
        self._show_measured(None)

    # --- what is shown ------------------------------------------------------------------------------------------------

    @property
    def profile(self) -> CameraProfile | None:
        """The profile that is shown; None for a new one."""
        index = self.choice.currentIndex()
        return self._known[index] if 0 <= index < len(self._known) else None

    def refresh(self, name: str | None = None) -> None:
        """Read the profiles anew and show one."""
        shown = name or (self.profile.name if self.profile is not None else None)
        try:
            self._known = self._profiles.all()
        except DosimetryError as error:
            self._known = ()
            self._say(error)
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([f"{profile.name}: {sensitivity_words(profile)}" for profile in self._known] + [NEW])
        names = [profile.name for profile in self._known]
        self.choice.setCurrentIndex(names.index(shown) if shown in names else 0)
        self.choice.blockSignals(False)
        self._show_profile()

    def _show_profile(self) -> None:
        profile = self.profile
        self.use.setEnabled(self._can_use and profile is not None)
        if profile is None:
            self.state.setText("No measurement is recorded yet: measure a phantom and record it under a new name.")
            self.about.show_rows([], [])
            self.history.show_rows([], [])
            self.facts["name"].setText("")
            return
        held, today = profile.in_force(), date.today()
        words = [entry.words for entry in _sensitivities(profile)]
        words += [entry.words for kind in _KINDS_SHOWN if (entry := profile.newest(kind)) is not None]
        expired = held.valid_until is not None and held.valid_until < today
        if expired and held.valid_until is not None:
            words.append(f"EXPIRED on {held.valid_until.isoformat()}")
        elif held.valid_until is None:
            words.append("no last day of validity is stated")
        self.state.setText("In force: " + "; ".join(words) + ".")
        self.state.setProperty("role", "warning" if expired else "")
        self.state.style().polish(self.state)
        rows = []
        for key, title in _ABOUT:
            value = next((v for entry in reversed(profile.entries) if (v := getattr(entry, key))), "")
            rows.append(GridRow(key, {"name": title, "value": value or "not stated"}))
        self.about.show_rows([GridColumn("name", ""), GridColumn("value", "")], rows)
        self.history.show_rows(
            _COLUMNS,
            [
                GridRow(
                    str(number),
                    {
                        "day": entry.measured_on.isoformat(),
                        "what": _lines(entry),
                        "who": "\n".join(filter(None, (entry.recorded_by or "–", entry.reason))),
                    },
                    tooltip=entry.method,
                )
                for number, entry in reversed(list(enumerate(profile.entries)))
            ],
        )
        self.facts["name"].setText(profile.name)
        for key, _ in _ABOUT[1:5]:
            self.facts[key].setText(next((v for entry in reversed(profile.entries) if (v := getattr(entry, key))), ""))

    def _show_measured(self, measured: Measured | None) -> None:
        self._measured = measured
        entered = self.form.kind_key in ("dead-time", "validity")
        self.measure_button.setVisible(not entered)
        self.outcome.setVisible(entered or measured is not None)
        self.words.setText("" if measured is None else "\n".join(measured.words))
        self.words.setVisible(measured is not None)
        pictures = () if measured is None else measured.pictures
        self.shown.setVisible(bool(pictures))
        if pictures:
            one = pictures[0]
            self.picture.show_picture(one.values, one.pixel_mm, one.circles, one.title)
        fits = () if measured is None else measured.fits
        for number, plot in enumerate(self.plots):
            plot.setVisible(number < len(fits))
            if number < len(fits):
                fit = fits[number]
                plot.show_fit(fit.title, fit.x_title, fit.points, fit.curve)

    def _say(self, error: BaseException | str) -> None:
        text = error if isinstance(error, str) else "; ".join(problem.text() for problem in problems_of(error))
        self.message.setText(text)
        self.message.setVisible(bool(text))

    # --- acts ---------------------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """Measure the phantom as the fields say, as a job; nothing is recorded by it."""
        self._say("")
        name = self.facts["name"].text().strip()
        try:
            task = self.form.task(name, self.profile, self._time_zone)
        except DosimetryError as error:
            self._say(error)
            return
        self.measure_button.setEnabled(False)
        job = self._jobs.start(task, purpose="phantom", title="Measuring the phantom")
        job.succeeded.connect(self._take)
        job.failed.connect(self._say)
        job.finished.connect(lambda: self.measure_button.setEnabled(True))

    def _take(self, measured: Measured) -> None:
        self._show_measured(measured)
        self._say("; ".join(finding.text for finding in measured.findings if finding.level != "info"))

    def record(self) -> None:
        """Append what was measured or entered to the profile, with who, when and why."""
        person = self._who()
        if person is None:
            self.person_needed.emit()
            self._say("Say first who is working: every entry is recorded with a name.")
            return
        about = {key: self.facts[key].text().strip() for key, _ in _ABOUT[1:5]}
        name = self.facts["name"].text().strip()
        try:
            until = self.form.until()
            entry = self.form.entered(name, date.today())
            measured = Measured(entry, (), (), (), ()) if entry is not None else self._measured
            if measured is None:
                raise MissingDataError("nothing was measured", where="Record", remedy="measure a phantom first")
            recorded = measured.recorded(
                by=person,
                at=datetime.now().astimezone(),
                why=self.facts["reason"].text(),
                profile=name,
                valid_until=until,
                **about,
            )
            self._profiles.keep(recorded)
        except DosimetryError as error:
            self._say(error)
            return
        self._say("")
        self.facts["reason"].clear()
        self._show_measured(None)
        self.refresh(name)

    def _choose(self) -> None:
        if self.profile is not None:
            self.chosen.emit(self.profile)


_KINDS_SHOWN: tuple[EntryKind, ...] = ("recovery", "point-spread", "dead-time")
"""Beside the sensitivities, of which two may be in force."""
_BETWEEN_THINGS = re.compile(r"; |, (?![^(]*\))")


def _sensitivities(profile: CameraProfile) -> list[CameraEntry]:
    """The entries of the sensitivity in force and of that beside 90Y, each with its own value only."""
    newest = list(reversed(profile.entries))
    plain = next((entry for entry in newest if entry.sensitivity_cps_per_bq is not None), None)
    mixed = next((entry for entry in newest if entry.sensitivity_with_yttrium_90_cps_per_bq is not None), None)
    found = [] if plain is None else [replace(plain, sensitivity_with_yttrium_90_cps_per_bq=None)]
    return found if mixed is None else [*found, replace(mixed, sensitivity_cps_per_bq=None)]


def _lines(entry: CameraEntry) -> str:
    """What an entry says, one thing a line, with its last day."""
    lines = _BETWEEN_THINGS.split(entry.words)
    if entry.valid_until is not None and entry.kind != "validity":
        lines.append(f"valid until {entry.valid_until.isoformat()}")
    return "\n".join(lines)
