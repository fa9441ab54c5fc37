"""Lesions, response, adverse events, receptor scans and the end of treatment as a person types them into tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar, get_args

from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.follow_up import (
    AdverseEvent,
    EndReason,
    EventOutcome,
    LesionKind,
    NonTargetResponse,
    Relation,
    ResponseAssessment,
    TreatmentEnd,
    TumourLesion,
)
from dosimetry_core.followup.entry_cells import CellRemark, Row, error_of, is_blank, read_day
from dosimetry_core.followup.laboratory_entry import typed_number
from dosimetry_core.frozen import FrozenMap

T = TypeVar("T")
NAME, ORGAN, KIND = "name", "organ", "kind"
DATE, NON_TARGETS, NEW, NOTE = "date", "non_targets", "new_lesions", "note"
TERM, GRADE, RELATION, ONSET, RESOLVED, OUTCOME, SERIOUS = (
    "term", "grade", "relation", "onset", "resolved", "outcome", "is_serious",
)  # fmt: skip
REASON: Final = "reason"
STATUS: Final = "status"
ALIVE, DEAD = "alive", "dead"
LARGEST_LESION_MM: Final = 500.0
_UNUSUAL_MM: Final = 300.0
_YES, _NO = ("yes", "y", "true", "1", "x", "ja", "tak"), ("no", "n", "false", "0", "", "nein", "nie")


@dataclass(frozen=True)
class Entered(Generic[T]):
    """What was read of a table, and remarks on its cells."""

    values: tuple[T, ...]
    remarks: tuple[CellRemark, ...]

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not any(remark.level == "error" for remark in self.remarks)


def size_column(lesion: str) -> str:
    """Column of the sizes of a target lesion."""
    return f"mm {lesion}"


def krenning_column(lesion: str) -> str:
    """Column of the Krenning scores of a lesion."""
    return f"Krenning {lesion}"


class RowReader:
    """Reads the cells of one row, and gathers what is wrong with them."""

    def __init__(self, number: int, row: Row, remarks: list[CellRemark], decimal: DecimalSign) -> None:
        self._number, self._row, self._remarks, self._decimal = number, row, remarks, decimal
        self._first = len(remarks)

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong with this row so far."""
        return not any(remark.level == "error" for remark in self._remarks[self._first :])

    def wrong(self, column: str, text: str) -> None:
        """Gather an error."""
        self._remarks.append(CellRemark(self._number, column, "error", text))

    def doubt(self, column: str, text: str) -> None:
        """Gather a warning."""
        self._remarks.append(CellRemark(self._number, column, "warning", text))

    def text(self, column: str, *, required: bool = False) -> str:
        """What was typed."""
        typed = self._row.get(column, "").strip()
        if required and not typed:
            self.wrong(column, "is missing")
        return typed

    def choice(self, column: str, choices: Sequence[str], default: str | None = None) -> Any:
        """One of some words, or the beginning of one."""
        typed = self.text(column).casefold()
        if not typed and default is not None:
            return default
        fitting = [word for word in choices if typed and word.startswith(typed)]
        exact = [word for word in fitting if word == typed]
        if len(exact or fitting) == 1:
            return (exact or fitting)[0]
        self.wrong(column, f"{'is missing' if not typed else f'{typed!r} is not one'}: {', '.join(choices)}")
        return default if default is not None else choices[0]

    def number(
        self, column: str, *, required: bool = False, lowest: float = 0.0, highest: float | None = None
    ) -> float | None:
        """A number within its bounds, or None for an empty cell."""
        typed = self.text(column, required=required)
        if not typed:
            return None
        try:
            value = read_number(typed, where=column, decimal=self._decimal)
            if value < lowest or (highest is not None and value > highest):
                bounds = f"{lowest:g} to {highest:g}" if highest is not None else f"at least {lowest:g}"
                raise InconsistentCaseError(f"{typed} is not {bounds}", where=column, remedy="check value and unit")
        except DosimetryError as error:
            self._remarks.append(error_of(self._number, column, error))
            return None
        return value

    def day(self, column: str, *, required: bool = False, today: date | None = None) -> date | None:
        """A day, not after today; None for an empty cell."""
        typed = self.text(column, required=required)
        if not typed:
            return None
        try:
            day = read_day(typed)
            if today is not None and day > today:
                raise InconsistentCaseError(f"{day.isoformat()} lies in the future", where=column, remedy="check it")
        except DosimetryError as error:
            self._remarks.append(error_of(self._number, column, error))
            return None
        return day

    def flag(self, column: str) -> bool:
        """Yes or no; an empty cell is no."""
        typed = self.text(column).casefold()
        if typed not in (*_YES, *_NO):
            self.wrong(column, "write yes or no")
        return typed in _YES


def read_lesions(rows: Sequence[Row]) -> Entered[TumourLesion]:
    """Lesions followed by RECIST, one row each."""
    remarks: list[CellRemark] = []
    found: list[TumourLesion] = []
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, "either")
        name, organ = reader.text(NAME, required=True), reader.text(ORGAN, required=True)
        kind: LesionKind = reader.choice(KIND, get_args(LesionKind))
        if any(lesion.name == name for lesion in found):
            reader.wrong(NAME, "stands in another row as well")
        if reader.is_right:
            found.append(TumourLesion(name, organ, kind))
    return Entered(tuple(found), tuple(remarks))


def read_responses(
    rows: Sequence[Row], lesions: Sequence[TumourLesion], *, today: date, decimal: DecimalSign = "either"
) -> Entered[ResponseAssessment]:
    """Assessments, one row each, a column for each target lesion."""
    remarks: list[CellRemark] = []
    found: list[ResponseAssessment] = []
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, decimal)
        day = reader.day(DATE, required=True, today=today)
        if day is not None and any(other.date == day for other in found):
            reader.wrong(DATE, "this day stands in another row as well")
        sizes: dict[str, float] = {}
        for lesion in lesions:
            if lesion.kind == "non-target":
                continue
            column = size_column(lesion.name)
            size = reader.number(column, highest=LARGEST_LESION_MM)
            if size is None:
                continue
            sizes[lesion.name] = size
            if size > _UNUSUAL_MM:
                reader.doubt(column, f"{size:g} mm is unusual; check that it is in mm")
            elif 0 < size < 1:
                reader.doubt(column, f"{size:g} mm is unusual; check that it is not in cm")
        scores: dict[str, int] = {}
        for lesion in lesions:
            score = reader.number(krenning_column(lesion.name), highest=4)
            if score is not None and score != int(score):
                reader.wrong(krenning_column(lesion.name), "a Krenning score is 0, 1, 2, 3 or 4")
            elif score is not None:
                scores[lesion.name] = int(score)
        non_targets: NonTargetResponse = reader.choice(NON_TARGETS, get_args(NonTargetResponse), "none")
        new = reader.flag(NEW)
        if day is not None and reader.is_right:
            made = ResponseAssessment(day, FrozenMap(sizes), non_targets, new, FrozenMap(scores), reader.text(NOTE))
            found.append(made)
    return Entered(tuple(sorted(found, key=lambda each: each.date)), tuple(remarks))


def read_adverse_events(rows: Sequence[Row], *, today: date) -> Entered[AdverseEvent]:
    """Adverse events, one row each."""
    remarks: list[CellRemark] = []
    found: list[AdverseEvent] = []
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, "either")
        term = reader.text(TERM, required=True)
        grade = reader.number(GRADE, required=True, lowest=1, highest=5)
        if grade is not None and grade != int(grade):
            reader.wrong(GRADE, "a grade is 1, 2, 3, 4 or 5")
        relation: Relation = reader.choice(RELATION, get_args(Relation))
        onset = reader.day(ONSET, required=True, today=today)
        resolved = reader.day(RESOLVED, today=today)
        if onset is not None and resolved is not None and resolved < onset:
            reader.wrong(RESOLVED, "lies before the onset")
        outcome: EventOutcome = reader.choice(OUTCOME, get_args(EventOutcome), "unknown")
        serious = reader.flag(SERIOUS)
        if outcome in ("recovered", "recovered-with-sequelae") and resolved is None:
            reader.doubt(RESOLVED, "recovered, but not since when")
        if (grade == 5) != (outcome == "fatal"):
            reader.wrong(OUTCOME, "grade 5 and a fatal outcome go together")
        if grade is not None and onset is not None and reader.is_right:
            note = reader.text(NOTE)
            found.append(AdverseEvent(term, int(grade), relation, onset, resolved, outcome, serious, note))
    return Entered(tuple(sorted(found, key=lambda each: each.onset)), tuple(remarks))


def read_end(rows: Sequence[Row], *, today: date) -> Entered[TreatmentEnd]:
    """When and why treatment ended: at most one row."""
    remarks: list[CellRemark] = []
    found: list[TreatmentEnd] = []
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, "either")
        day = reader.day(DATE, required=True, today=today)
        reason: EndReason = reader.choice(REASON, get_args(EndReason))
        if found:
            reader.wrong(DATE, "treatment ends once: take the other row out")
        if day is not None and reader.is_right:
            found.append(TreatmentEnd(day, reason, reader.text(NOTE)))
    return Entered(tuple(found), tuple(remarks))


@dataclass(frozen=True)
class VitalStatus:
    """The last day on which the patient was known to be alive, and the day of death; None where not known."""

    alive_on: date | None = None
    died_on: date | None = None


def read_vital_status(
    rows: Sequence[Row], *, today: date, treatment_start: date | None
) -> tuple[VitalStatus, tuple[CellRemark, ...]]:
    """Alive and dead, at most one row each."""
    remarks: list[CellRemark] = []
    found: dict[str, date] = {}
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, "either")
        day = reader.day(DATE, required=True, today=today)
        status = reader.choice(STATUS, (ALIVE, DEAD))
        if day is not None and treatment_start is not None and day < treatment_start:
            reader.wrong(DATE, f"lies before the first administration, {treatment_start.isoformat()}")
        if status in found:
            reader.wrong(STATUS, "stands in another row as well")
        if day is not None and reader.is_right:
            found[status] = day
    return VitalStatus(found.get(ALIVE), found.get(DEAD)), tuple(remarks)


# --- as rows ----------------------------------------------------------------------------------------------------------


def lesion_rows(lesions: Sequence[TumourLesion]) -> list[dict[str, str]]:
    """Lesions as they would be typed."""
    return [{NAME: lesion.name, ORGAN: lesion.organ, KIND: lesion.kind} for lesion in lesions]


def response_rows(responses: Sequence[ResponseAssessment]) -> list[dict[str, str]]:
    """Assessments as they would be typed."""
    rows = []
    for response in responses:
        row = {DATE: response.date.isoformat(), NOTE: response.note}
        row |= {size_column(name): typed_number(size) for name, size in response.sizes_mm.items()}
        row |= {krenning_column(name): str(score) for name, score in response.krenning.items()}
        row |= {NON_TARGETS: "" if response.non_targets == "none" else response.non_targets}
        rows.append({**row, NEW: "yes" if response.new_lesions else ""})
    return rows


def adverse_event_rows(events: Sequence[AdverseEvent]) -> list[dict[str, str]]:
    """Adverse events as they would be typed."""
    return [
        {
            TERM: event.term,
            GRADE: str(event.grade),
            RELATION: event.relation,
            ONSET: event.onset.isoformat(),
            RESOLVED: "" if event.resolved is None else event.resolved.isoformat(),
            OUTCOME: event.outcome,
            SERIOUS: "yes" if event.is_serious else "",
            NOTE: event.note,
        }
        for event in events
    ]


def end_rows(end: TreatmentEnd | None) -> list[dict[str, str]]:
    """The end of treatment as it would be typed."""
    return [] if end is None else [{DATE: end.date.isoformat(), REASON: end.reason, NOTE: end.note}]


def vital_status_rows(alive_on: date | None, died_on: date | None) -> list[dict[str, str]]:
    """Alive and dead as they would be typed."""
    return [
        {DATE: day.isoformat(), STATUS: status}
        for status, day in ((ALIVE, alive_on), (DEAD, died_on))
        if day is not None
    ]
