"""What is entered as given, held against the plan: what can't be right is refused, what is unusual is asked about.

Two people enter it: what the second one reads, without seeing the first entry, has to be the same. So a slip of one of
them never gets into a course unseen; the comparison with the plan tells what kind of slip it was.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dosimetry_core.case import Administration
from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import nuclide
from dosimetry_core.planning.course_calendar import is_usual_interval
from dosimetry_core.planning.given import COMMENT_ABOVE, DELIVERED_TOLERANCE, WRONG_UNIT_FACTOR, deviation
from dosimetry_core.planning.plan_decision import GIVES_NOTHING
from dosimetry_core.units import DAY, GIGABECQUEREL, HOUR, MEGABECQUEREL, PERCENT, SECONDS_PER_DAY

LONGEST_READING_BEFORE_S: Final = SECONDS_PER_DAY
"""A dose calibrator is read on the day of the infusion."""
LARGEST_VIAL_DEVIATION: Final = 0.50
"""A vial further off the plan is another vial, nuclide or unit, whatever the comment; what stays in it may be more."""
_NUMBER: Final = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<decimals>[0-9]+))?")
_THOUSANDS: Final = 3


@dataclass(frozen=True)
class PlannedCycle:
    """What an approved plan says.

    Parameters
    ----------
    patient_id, cycle
        Whose plan, and of which cycle.
    activities_bq
        By nuclide.
    made_at
        When it was calculated.
    """

    patient_id: str
    cycle: int
    activities_bq: FrozenMap[str, float]
    made_at: datetime | None = None


@dataclass(frozen=True)
class SecondReading:
    """What the second person read from the same label and calibrator, without seeing the first entry.

    ``vial_activity_bq`` and ``residual_activity_bq`` by nuclide.
    """

    read_by: str
    patient_id: str
    vial_activity_bq: FrozenMap[str, float]
    residual_activity_bq: FrozenMap[str, float] = field(default_factory=FrozenMap)


def is_same_reader(one: str, other: str) -> bool:
    """Whether two readers are one person by name: blanks, case, and a role behind a comma, do not count."""

    def plain(name: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

    def without_role(name: str) -> str:
        return plain(name.rpartition(",")[0])

    first, second = plain(one), plain(other)
    return first in (second, without_role(other)) or second == without_role(one)


def read_activity_mbq(text: str) -> float:
    """An activity in MBq as typed, in Bq.

    Raises
    ------
    InconsistentCaseError
        If it is no number, or could be meant in two ways: ``7.400`` and ``7,400`` are 7.4 to one and 7400 to another.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise InconsistentCaseError(
            f"{text.strip()!r} is no activity", where="activity", remedy="write MBq as figures, such as 7400 or 7413.5"
        )
    whole, decimals = match["whole"], match["decimals"] or ""
    if len(decimals) == _THOUSANDS and whole != "0":
        raise InconsistentCaseError(
            f"{text.strip()} can be read as {whole}{decimals} or as {float(f'{whole}.{decimals}'):g}",
            where="activity",
            remedy="write it without a separator of thousands, and with no more than two decimals",
        )
    return MEGABECQUEREL.to_core(float(f"{whole}.{decimals or '0'}"))


def entry_findings(
    plan: PlannedCycle,
    patient_id: str,
    cycle: int,
    given: Sequence[Administration],
    second: SecondReading | None,
    *,
    now: datetime,
    last_start: datetime | None = None,
    comment: str = "",
    calibrator_offset_s: float = 0.0,
    last_calibrator_offset_s: float = 0.0,
) -> tuple[Finding, ...]:
    """Everything against taking an entry into the course: errors refuse it, warnings are questions to be answered.

    Parameters
    ----------
    plan
        The approved plan.
    patient_id, cycle
        Of the course it goes into; ``cycle`` is the one that is next there.
    given
        One administration for each nuclide, from its calibrator readings.
    second
        Missing until the second person has read; that refuses as well.
    now, last_start
        The present, and the start of the cycle before.
    comment
        Why it differs from the plan; above 20 % without one it is refused.
    calibrator_offset_s, last_calibrator_offset_s
        What was added to the times of the dose calibrator's clock, in this entry and in the last cycle.
    """
    findings = [*_identity(plan, patient_id, cycle), *_nuclides(plan, given)]
    for item in given:
        place = f"cycle {cycle}, {item.nuclide}"
        findings += _readings(item, place, now)
        findings += _times(plan, item, place, now)
        planned = plan.activities_bq.get(item.nuclide)
        if planned is not None and math.isfinite(item.administered_activity_bq):
            swapped = _is_swapped(item, plan, given)
            findings += _activity(item, planned, comment, place, swapped=swapped)
    findings += _second_reading(plan, given, second)
    findings += _interval(given, last_start, cycle)
    if last_calibrator_offset_s and not calibrator_offset_s:
        text = (
            f"The dose calibrator's clock was corrected by {last_calibrator_offset_s:+g} s in the last cycle and is "
            "not in this one: is it right now?"
        )
        findings.append(Finding("entry-calibrator-clock", "warning", text, f"cycle {cycle}"))
    return tuple(findings)


def is_refused(findings: Sequence[Finding]) -> bool:
    """Whether the entry can't be taken at all."""
    return any(finding.level == "error" for finding in findings)


def questions(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What has to be answered before the entry is taken."""
    return tuple(finding for finding in findings if finding.level == "warning")


def _error(code: str, text: str, place: str) -> Finding:
    return Finding(code, "error", text, place)


def _identity(plan: PlannedCycle, patient_id: str, cycle: int) -> list[Finding]:
    findings = []
    if plan.patient_id != patient_id:
        text = f"The plan is for patient {plan.patient_id}, this course is that of {patient_id}."
        findings.append(_error("entry-other-patient", text, "patient"))
    if plan.cycle != cycle:
        text = f"The plan is for cycle {plan.cycle}; the next cycle of this course is {cycle}."
        findings.append(_error("entry-other-cycle", text, f"cycle {cycle}"))
    return findings


def _nuclides(plan: PlannedCycle, given: Sequence[Administration]) -> list[Finding]:
    findings = []
    entered = [item.nuclide for item in given]
    for name in dict.fromkeys(entered):
        if name not in plan.activities_bq or entered.count(name) > 1:
            why = "is not in the plan" if name not in plan.activities_bq else "is entered twice"
            findings.append(_error("entry-other-nuclide", f"{name} {why}.", name))
    for name, planned in plan.activities_bq.items():
        if planned > 0 and name not in entered:
            text = (
                f"{GIGABECQUEREL.text(planned)} of {name} is planned and nothing is entered: enter 0 if none was given."
            )
            findings.append(_error("entry-nuclide-missing", text, name))
    return findings


def _readings(item: Administration, place: str, now: datetime) -> list[Finding]:
    vial = item.vial
    if vial is None:
        return [_error("entry-without-reading", "No reading of the dose calibrator is entered.", place)]
    findings = []
    if item.administered_activity_bq < 0 or vial.residual_activity_bq > vial.vial_activity_bq:
        text = (
            f"The residual ({MEGABECQUEREL.text(vial.residual_activity_bq)}) exceeds the vial "
            f"({MEGABECQUEREL.text(vial.vial_activity_bq)})."
        )
        findings.append(_error("entry-residual-above-vial", text, place))
    before_s = (item.start - vial.vial_time).total_seconds()
    if not 0 <= before_s <= LONGEST_READING_BEFORE_S:
        words = (
            f"{HOUR.text(abs(before_s), digits=1)} {'after' if before_s < 0 else 'before'} the start of the infusion"
        )
        findings.append(_error("entry-reading-time", f"The vial was read {words}.", place))
    end_s = item.infusion_s or 0.0
    after_s = (vial.residual_time - item.start).total_seconds() - end_s
    if not 0 <= after_s <= LONGEST_READING_BEFORE_S:
        words = f"{HOUR.text(abs(after_s), digits=1)} {'before' if after_s < 0 else 'after'} the end of the infusion"
        findings.append(_error("entry-reading-time", f"The residual was read {words}.", place))
    if vial.residual_time > now:
        findings.append(_error("entry-in-future", "The residual was read in the future.", place))
    return findings


def _times(plan: PlannedCycle, item: Administration, place: str, now: datetime) -> list[Finding]:
    findings = []
    if item.start > now:
        findings.append(_error("entry-in-future", "The infusion starts in the future.", place))
    if plan.made_at is not None and item.start < plan.made_at:
        text = f"The infusion started before the plan was made ({plan.made_at:%d %b %Y %H:%M})."
        findings.append(_error("entry-before-plan", text, place))
    return findings


def _vial_at_start_bq(item: Administration) -> float:
    """What the vial held at the start of the infusion: further from what was given only by what stayed in it."""
    if item.vial is None:
        return item.administered_activity_bq
    before_s = (item.start - item.vial.vial_time).total_seconds()
    return item.vial.vial_activity_bq * nuclide(item.nuclide).decay_factor(before_s)


def _is_swapped(item: Administration, plan: PlannedCycle, given: Sequence[Administration]) -> bool:
    """Whether this and another nuclide were each given with about the other's planned activity, and not their own."""
    own = plan.activities_bq[item.nuclide]
    for other in given:
        others = plan.activities_bq.get(other.nuclide, 0.0)
        if other.nuclide == item.nuclide or not own or not others:
            continue
        one, two = item.administered_activity_bq, other.administered_activity_bq
        is_own = deviation(one, own) <= DELIVERED_TOLERANCE or deviation(two, others) <= DELIVERED_TOLERANCE
        if not is_own and max(deviation(one, others), deviation(two, own)) <= DELIVERED_TOLERANCE:
            return True
    return False


def _activity(item: Administration, planned: float, comment: str, place: str, *, swapped: bool) -> list[Finding]:
    given = item.administered_activity_bq
    off = deviation(given, planned)
    if off <= DELIVERED_TOLERANCE:
        return []
    text = f"{GIGABECQUEREL.text(given, digits=3)} of {item.nuclide} for {GIGABECQUEREL.text(planned)} planned"
    if planned == 0 or (given > 0 and not 1.0 / WRONG_UNIT_FACTOR < given / planned < WRONG_UNIT_FACTOR):
        return [_error("entry-wrong-unit", f"{text}: check the unit and the decimal point.", place)]
    text = f"{text} ({PERCENT.from_core(given / planned - 1.0):+.1f} %)"
    if swapped:
        return [
            _error("entry-wrong-unit", f"{text}, and about that is planned of the other: check the nuclides.", place)
        ]
    if given > 0 and deviation(_vial_at_start_bq(item), planned) > LARGEST_VIAL_DEVIATION:
        limit = PERCENT.text(LARGEST_VIAL_DEVIATION, digits=0)
        text = f"{text}; the vial is more than {limit} off: check vial, nuclide and unit"
        return [_error("entry-wrong-unit", f"{text}.", place)]
    if off > COMMENT_ABOVE and not comment.strip():
        limit = PERCENT.text(COMMENT_ABOVE, digits=0)
        return [_error("given-without-comment", f"{text}; above {limit} it needs a comment.", place)]
    return [Finding("given-differs-from-planned", "warning", f"{text}: is that what was given?", place)]


def _second_reading(plan: PlannedCycle, given: Sequence[Administration], second: SecondReading | None) -> list[Finding]:
    if second is None:
        return [
            _error("entry-read-once", "A second person has to read label and calibrator as well.", "second reading")
        ]
    findings = []
    if second.patient_id != plan.patient_id:
        text = f"The second person read patient {second.patient_id or 'nobody'}; the plan is for {plan.patient_id}."
        findings.append(_error("entry-other-patient", text, "second reading"))
    entered = {item.nuclide: item for item in given}
    for name in dict.fromkeys([*entered, *second.vial_activity_bq]):
        item, read = entered.get(name), second.vial_activity_bq.get(name)
        if item is None or read is None or item.vial is None:
            text = f"{name} was read by one of the two only."
            findings.append(_error("entry-readings-differ", text, name))
            continue
        pairs = (
            ("vial", item.vial.vial_activity_bq, read),
            ("residual", item.vial.residual_activity_bq, second.residual_activity_bq.get(name, math.nan)),
        )
        findings += [
            _error(
                "entry-readings-differ",
                f"The {what} of {name}: {MEGABECQUEREL.text(one, digits=2)} and {MEGABECQUEREL.text(other, digits=2)} "
                "were read.",
                name,
            )
            for what, one, other in pairs
            if not _same(one, other)
        ]
    return findings


def _same(one_bq: float, other_bq: float) -> bool:
    return math.isclose(one_bq, other_bq, rel_tol=1e-9, abs_tol=1e-9)


def _interval(given: Sequence[Administration], last_start: datetime | None, cycle: int) -> list[Finding]:
    if last_start is None or not given:
        return []
    apart_s = (min(item.start for item in given) - last_start).total_seconds()
    if apart_s <= 0:
        return [_error("entry-before-last-cycle", "The infusion is before that of the last cycle.", f"cycle {cycle}")]
    if is_usual_interval(apart_s):
        return []
    text = f"{DAY.text(apart_s, digits=0)} after the last cycle: 8 ± 2 weeks are usual."
    return [Finding("entry-interval-unusual", "warning", text, f"cycle {cycle}")]


def planned_cycle(record: Mapping[str, object], made_at: datetime | None) -> PlannedCycle:
    """What the record of a plan says of the cycle.

    Raises
    ------
    InconsistentCaseError
        If it plans no cycle, or decides that nothing is given.
    """
    patient, plan = record["patient"], record["plan"]
    assert isinstance(patient, Mapping)
    assert isinstance(plan, Mapping)
    if plan["next_cycle"] is None:
        raise InconsistentCaseError("it plans no cycle", where="plan", remedy="use the plan of the next cycle")
    decided = plan.get("decision")
    if decided in GIVES_NOTHING:
        what = "it ends the treatment" if decided == "stop" else f"it holds cycle {plan['next_cycle']}"
        raise InconsistentCaseError(f"{what}: nothing is given by it", where="plan", remedy="plan the cycle anew")
    activities = {
        name: GIGABECQUEREL.to_core(float(item["administered_activity_gbq"]))
        for name, item in plan["activities"].items()
    }
    return PlannedCycle(str(patient["id"]), int(plan["next_cycle"]), FrozenMap(activities), made_at)
