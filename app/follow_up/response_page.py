"""Response of the tumours: lesions and sizes entered, RECIST 1.1 told, waterfall and spider plots, Krenning scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.follow_up.entry_card import EntryCard
from app.follow_up.record_edits import death_words, with_recorded
from app.session import Session
from app.steps.step import Section, combo_box, text_label
from dosimetry_core.follow_up import ResponseAssessment, TumourLesion
from dosimetry_core.followup import record_entry as entry
from dosimetry_core.followup.recist import AssessedResponse, TumourCourse, tumour_course
from dosimetry_core.followup.treatment_start import treatment_start
from dosimetry_core.units import PERCENT
from widgets.entry_model import EntryColumn
from widgets.response_plots import LesionShown, SpiderPlot, WaterfallPlot
from widgets.theme import set_role

_SUM, _CHANGE, _NADIR, _RESPONSE = "sum", "change", "nadir", "response"
_KIND_TIP = "target (longest diameter), target-node (short axis) or non-target"
_NON_TARGET_TIP = "complete-response, non-cr-non-pd, progression, not-evaluated; empty where there are none"


class ResponsePage(QWidget):
    """Lesions above, assessments below, plots beside them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("response_page")
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        left = QVBoxLayout()
        left.setSpacing(10)
        self.lesions = EntryCard(
            "lesions",
            "Lesions",
            (
                EntryColumn(entry.NAME, "Name", 22, "the same as its VOI, where it is drawn"),
                EntryColumn(entry.ORGAN, "Organ", 18),
                EntryColumn(entry.KIND, "Kind", 0, _KIND_TIP),
            ),
        )
        self.lesions.lay_out()
        left.addWidget(self.lesions, 2)
        self.assessments = EntryCard("assessments", "Assessments, the last before treatment is the baseline", ())
        self.what = combo_box("assessment_columns", ["Sizes (mm)", "Krenning scores"])
        self.what.setAccessibleName("What is entered for each lesion")
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.what)
        line.addStretch(1)
        self.assessments.lay_out(top)
        left.addWidget(self.assessments, 3)
        row.addLayout(left, 3)
        side = Section("RECIST 1.1", name="recist")
        self.verdict = text_label(name="recist_verdict", wrap=True)
        side.add(self.verdict)
        self.remarks = text_label(role="warning", name="recist_remarks", wrap=True)
        side.add(self.remarks)
        self.waterfall, self.spider = WaterfallPlot(), SpiderPlot()
        side.add(self.waterfall, 1)
        side.add(self.spider, 1)
        row.addWidget(side, 2)
        for card in (self.lesions, self.assessments):
            card.file.hide()
        self.what.currentIndexChanged.connect(lambda _n: self._show_columns())
        self.lesions.edited.connect(self._look_at_lesions)
        self.assessments.edited.connect(self._look_at_assessments)
        self.lesions.take_requested.connect(self.take_lesions)
        self.assessments.take_requested.connect(self.take_assessments)

    def refresh(self) -> None:
        """Show the course as it is now."""
        recorded = self._session.document.case.follow_up
        self.setEnabled(bool(self._session.document.case.cycles))
        self.lesions.show_held(entry.lesion_rows(recorded.lesions))
        self._show_columns()
        self.assessments.show_held(entry.response_rows(recorded.responses))
        self._look_at_lesions()
        self._look_at_assessments()
        self._show_course(recorded.lesions, recorded.responses)

    def forget_typed(self) -> None:
        """Let go of what was typed for the course before."""
        self.lesions.drop()
        self.assessments.drop()

    def _show_columns(self) -> None:
        lesions = self._session.document.case.follow_up.lesions
        if self.what.currentIndex() == 0:
            of_lesions = [
                EntryColumn(entry.size_column(lesion.name), lesion.name, 7, "mm; 0 if it is gone", is_number=True)
                for lesion in lesions
                if lesion.kind != "non-target"
            ]
        else:
            of_lesions = [
                EntryColumn(entry.krenning_column(lesion.name), lesion.name, 7, "0 to 4", is_number=True)
                for lesion in lesions
            ]
        columns = (
            EntryColumn(entry.DATE, "Date", 10),
            *of_lesions,
            EntryColumn(_SUM, "Sum", 5, "mm", is_shown=True, is_number=True),
            EntryColumn(_CHANGE, "to base", 6, "against the baseline", is_shown=True, is_number=True),
            EntryColumn(_NADIR, "to nadir", 7, "against the smallest sum before", is_shown=True, is_number=True),
            EntryColumn(_RESPONSE, "Response", 8, is_shown=True),
            EntryColumn(entry.NON_TARGETS, "Non-targets", 12, _NON_TARGET_TIP),
            EntryColumn(entry.NEW, "New", 4, "a new lesion: yes, or empty"),
            EntryColumn(entry.NOTE, "Note", 0),
        )
        self.assessments.table.set_columns(columns)

    # --- reading ----------------------------------------------------------------------------------------------------

    def _look_at_lesions(self) -> entry.Entered[TumourLesion]:
        read = entry.read_lesions(self.lesions.table.rows())
        self.lesions.say(read.remarks, {}, count=f"{len(read.values)} lesion{'' if len(read.values) == 1 else 's'}")
        return read

    def _look_at_assessments(self) -> entry.Entered[ResponseAssessment]:
        lesions = self._session.document.case.follow_up.lesions
        rows = self.assessments.table.rows()
        read = entry.read_responses(rows, lesions, today=today())
        course = self._course(lesions, read.values)
        assessed = {each.date.isoformat(): each for each in course.assessments}
        shown: dict[tuple[int, str], str] = {}
        for number, row in enumerate(rows):
            found = assessed.get(_iso(row.get(entry.DATE, "")))
            if found is not None:
                shown |= {(number, column): text for column, text in _shown(found, course).items()}
        count = len(read.values)
        extra = "" if lesions or not count else "enter the lesions first"
        extra = extra or death_words(self._session.document.case, responses=read.values)
        self.assessments.say(read.remarks, shown, extra=extra, count=f"{count} assessment{'' if count == 1 else 's'}")
        return read

    # --- taking -----------------------------------------------------------------------------------------------------

    def take_lesions(self) -> None:
        """The lesions of the table in place of those of the course, as one step."""
        read = self._look_at_lesions()
        targets = {lesion.name for lesion in read.values if lesion.kind != "non-target"}
        measured = {name for each in self._session.document.case.follow_up.responses for name in each.sizes_mm}
        if not read.is_right:
            return
        if measured - targets:
            named = ", ".join(sorted(measured - targets))
            self.lesions.say(read.remarks, {}, extra=f"{named} has sizes: empty them first")
            return
        if self._session.document.apply("Lesions", lambda case: with_recorded(case, lesions=read.values)):
            self.lesions.taken(entry.lesion_rows(read.values))
            self.refresh()

    def take_assessments(self) -> None:
        """The assessments of the table in place of those of the course, as one step."""
        read = self._look_at_assessments()
        if not read.is_right or death_words(self._session.document.case, responses=read.values):
            return
        if self._session.document.apply("Tumour response", lambda case: with_recorded(case, responses=read.values)):
            self.assessments.taken(entry.response_rows(read.values))
            self.refresh()

    # --- showing ----------------------------------------------------------------------------------------------------

    def _course(self, lesions: Sequence[TumourLesion], responses: Sequence[ResponseAssessment]) -> TumourCourse:
        return tumour_course(lesions, responses, treatment_start=treatment_start(self._session.document.case))

    def _show_course(self, lesions: Sequence[TumourLesion], responses: Sequence[ResponseAssessment]) -> None:
        course = self._course(lesions, responses)
        self.verdict.setText(_verdict(course))
        role = {"PD": "error", "CR": "good", "PR": "good"}.get(course.best or "", "dimmed")
        set_role(self.verdict, "error" if course.progression_on is not None else role)
        self.remarks.setText(". ".join(course.remarks))
        self.remarks.setVisible(bool(course.remarks))
        shown = _lesions_shown(lesions, responses, course)
        self.waterfall.show_lesions(shown)
        self.spider.show_lesions(shown)
        for plot in (self.waterfall, self.spider):
            plot.setVisible(bool(shown))


def _verdict(course: TumourCourse) -> str:
    if len(course.assessments) - course.before_baseline < 2:
        return "No response yet: it needs a baseline and another assessment."
    change = course.best_change
    confirmed = "confirmed" if course.best_confirmed == course.best else f"confirmed: {course.best_confirmed}"
    text = f"Best overall response {course.best}"
    if course.best in ("CR", "PR"):
        text += f" ({confirmed})"
    if change is not None:
        text += f", best change of the sum {PERCENT.from_core(change):+.0f} %"
    if course.progression_on is not None:
        reasons = next(a.reasons for a in course.assessments if a.overall == "PD")
        text += f"; progression on {course.progression_on:%d %b %Y}: {', '.join(reasons)}"
    return f"{text}."


def _shown(assessed: AssessedResponse, course: TumourCourse) -> dict[str, str]:
    def percent(value: float | None) -> str:
        return "" if value is None else f"{PERCENT.from_core(value):+.0f} %"

    is_earlier = course.baseline_on is not None and assessed.date < course.baseline_on
    return {
        _SUM: "" if assessed.sum_mm is None else f"{assessed.sum_mm:g}",
        _CHANGE: percent(assessed.change_from_baseline),
        _NADIR: percent(assessed.change_from_nadir),
        _RESPONSE: assessed.overall or ("before" if is_earlier else "baseline"),
    }


def _iso(typed: str) -> str:
    from dosimetry_core.errors import DosimetryError
    from dosimetry_core.followup.entry_cells import read_day

    try:
        return read_day(typed).isoformat()
    except DosimetryError:
        return ""


def _lesions_shown(
    lesions: Sequence[TumourLesion], responses: Sequence[ResponseAssessment], course: TumourCourse
) -> list[LesionShown]:
    """Each target that had a size at baseline, and the sum of all."""
    ordered = sorted(responses, key=lambda each: each.date)[course.before_baseline :]
    if len(ordered) < 2:
        return []
    first = ordered[0]
    found = []
    for lesion in lesions:
        start = first.sizes_mm.get(lesion.name)
        if lesion.kind == "non-target" or not start:
            continue
        later = [
            (float((each.date - first.date).days), each.sizes_mm[lesion.name] / start - 1.0)
            for each in ordered[1:]
            if lesion.name in each.sizes_mm
        ]
        if later:
            days, changes = zip(*later, strict=True)
            found.append(LesionShown(lesion.name, (0.0, *days), (0.0, *changes)))
    sums = [
        (float((each.date - first.date).days), each.change_from_baseline)
        for each in course.assessments[course.before_baseline + 1 :]
        if each.change_from_baseline is not None
    ]
    if sums and len(found) > 1:
        days, changes = zip(*sums, strict=True)
        found.append(LesionShown("Sum", (0.0, *days), (0.0, *changes), is_sum=True))
    return found


def today() -> date:
    """The present day."""
    return date.today()
