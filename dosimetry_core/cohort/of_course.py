"""A course as it was evaluated, seen by the cohort: without name and dates."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import date
from typing import Any

from dosimetry_core.case import Case, LaboratoryResult
from dosimetry_core.cohort.records import CourseRecord, CycleRecord, FollowedTime, LaboratoryCourse
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.followup.recist import tumour_course
from dosimetry_core.followup.treatment_start import treatment_start
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import PERFORMANCE_KEYS
from dosimetry_core.safety.assessment import ECOG_KEY, KARNOFSKY_KEY, laboratory_facts
from dosimetry_core.safety.ctcae import GRADED_KEYS, ctcae_grade
from dosimetry_core.safety.performance import ecog_from_karnofsky
from dosimetry_core.safety.renal import age_years

FALL_COUNTS = frozenset(
    (
        "haemoglobin_g_per_dl",
        "platelets_1e9_per_l",
        "leukocytes_1e9_per_l",
        "neutrophils_1e9_per_l",
        "lymphocytes_1e9_per_l",
        "egfr_ml_per_min_per_1_73m2",
        KARNOFSKY_KEY,
    )
)
"""Values whose lowest is the worst; of the others it is the highest."""
_ORGANS = ("kidneys", "red_marrow")
_FATAL_GRADE = 5


def record_of(evaluation: Evaluation, *, key: str) -> CourseRecord:
    """Record of a course, of its evaluation. Estimated doses count, as they do in the course's own sums.

    Parameters
    ----------
    key
        Tells the course apart without identifying anybody, for example `pseudonym`.
    """
    case, protocol = evaluation.case, evaluation.protocol
    free = protocol.free_nuclide
    cycles = []
    for result in evaluation.cycles:
        given: dict[str, float] = {}
        for administration in result.cycle.administrations:
            name = administration.nuclide
            given[name] = given.get(name, 0.0) + administration.administered_activity_bq
        doses = {
            organ: FrozenMap({name: dose.absorbed_dose_gy for name, dose in result.organs[organ].doses.items()})
            for organ in _ORGANS
            if organ in result.organs
        }
        cycles.append(CycleRecord(result.cycle.number, FrozenMap(given), FrozenMap(doses)))
    before, after = _before_and_after(case)
    laboratory = _laboratory(case, before, after)
    born = case.patient.birth_date
    start = treatment_start(case)
    return CourseRecord(
        key=key,
        protocol=protocol.name,
        cycles=tuple(cycles),
        sex=case.patient.sex,
        age_years=None if born is None or start is None else float(age_years(born, start)),
        free_nuclide=None if free is None else free.name,
        standard_activity_bq=FrozenMap({n.name: n.standard_activity_bq for n in protocol.nuclides}),
        laboratory=FrozenMap({key: value for key, value in laboratory.items() if key not in PERFORMANCE_KEYS}),
        karnofsky_before=_karnofsky(before),
        karnofsky_after=_karnofsky(after),
        ecog_before=_ecog(before),
        ecog_after=_ecog(after),
        **_outcome(case),
    )


def _outcome(case: Case) -> dict[str, Any]:
    """Response, adverse events since the first administration, survival and time without progression."""
    follow_up, start = case.follow_up, treatment_start(case)
    tumours = tumour_course(follow_up.lesions, follow_up.responses, treatment_start=start)
    found: dict[str, Any] = {"response": tumours.best, "confirmed_response": tumours.best_confirmed}
    found["best_change"] = tumours.best_change
    found["end_reason"] = None if follow_up.end is None else follow_up.end.reason
    baseline = tumours.baseline_on
    found["sum_changes"] = tuple(
        (float((one.date - baseline).days), one.change_from_baseline)
        for one in tumours.assessments
        if baseline is not None and one.change_from_baseline is not None
    )
    if start is None:
        return found
    events: dict[str, int] = {}
    for event in follow_up.adverse_events:
        if event.onset >= start:
            events[event.term] = max(event.grade, events.get(event.term, 0))
    # That none is recorded means that there was none only where the course was followed to its end.
    if follow_up.adverse_events or follow_up.end is not None:
        found["adverse_events"] = FrozenMap(events)
    death, last = _death(case), _last_contact(case)
    if death is not None or last > start:
        found["survival"] = _followed(start, death or last, death is not None)
    progression = tumours.progression_on
    assessed = [one.date for one in tumours.assessments if one.overall not in (None, "NE")]
    ended = min((day for day in (progression, death) if day is not None), default=None)
    if ended is not None:
        found["progression"] = _followed(start, ended, True)
    elif assessed:
        # Whoever was not seen to progress is followed up to the last assessment that told so, not to the last visit.
        found["progression"] = _followed(start, max(assessed), False)
    return found


def _followed(start: date, end: date, event: bool) -> FollowedTime | None:
    """From the first administration; None where it ends before it began, as one of the dates is wrong then."""
    days = (end - start).days
    return FollowedTime(float(days), event) if days >= 0 else None


def _death(case: Case) -> date | None:
    """The stated day of death; else that of a fatal event, or of treatment that ended by death."""
    if case.follow_up.died_on is not None:
        return case.follow_up.died_on
    end = case.follow_up.end
    # CTCAE 5.0: grade 5 is death related to the event, whatever else is recorded of it.
    days = [
        event.resolved or event.onset
        for event in case.follow_up.adverse_events
        if event.outcome == "fatal" or event.grade == _FATAL_GRADE
    ]
    if end is not None and end.reason == "death":
        days.append(end.date)
    return min(days, default=None)


def _last_contact(case: Case) -> date:
    """The last day on which anything was recorded of the patient."""
    follow_up = case.follow_up
    days = [a.start.date() for c in case.cycles for a in c.administrations]
    days += [one.date for cycle in case.cycles for one in cycle.laboratory]
    days += [one.date for one in follow_up.responses]
    days += [one.date for one in follow_up.receptor_scans]
    days += [event.resolved or event.onset for event in follow_up.adverse_events]
    days += [] if follow_up.end is None else [follow_up.end.date]
    days += [] if follow_up.alive_on is None else [follow_up.alive_on]
    return max(days)


def pseudonym(patient_id: str, key: bytes) -> str:
    """Ten letters that are the same for the same patient id and key; without the key nobody can try ids."""
    return hmac.new(key, b"cohort/" + patient_id.encode("utf-8"), hashlib.sha256).hexdigest()[:10]


def _before_and_after(case: Case) -> tuple[list[LaboratoryResult], list[LaboratoryResult]]:
    """Laboratory results up to the day of the first administration, and those after it."""
    everything = sorted((one for cycle in case.cycles for one in cycle.laboratory), key=lambda one: one.date)
    starts = [a.start.date() for cycle in case.cycles for a in cycle.administrations]
    first = min(starts, default=None)
    if first is None:
        return everything, []
    return [one for one in everything if one.date <= first], [one for one in everything if one.date > first]


def _laboratory(
    case: Case, before: Sequence[LaboratoryResult], after: Sequence[LaboratoryResult]
) -> dict[str, LaboratoryCourse]:
    baseline = {key: fact.value for key, fact in laboratory_facts(case.patient, before).items()}
    since: dict[str, list[float]] = {}
    for one in after:
        for key, fact in laboratory_facts(case.patient, [one]).items():
            since.setdefault(key, []).append(fact.value)
    found = {}
    for key in [*baseline, *(key for key in since if key not in baseline)]:
        values = since.get(key, [])
        worst = None if not values else min(values) if key in FALL_COUNTS else max(values)
        grade = None
        if worst is not None and key in GRADED_KEYS:
            limit = case.laboratory_limits.get(key)
            grade = ctcae_grade(key, worst, limit=limit, baseline=baseline.get(key))
        found[key] = LaboratoryCourse(baseline.get(key), worst, grade)
    return found


def _karnofsky(results: Sequence[LaboratoryResult]) -> int | None:
    """Latest Karnofsky status; None where it is not on the scale of tens."""
    value = _last(results, KARNOFSKY_KEY)
    return int(value) if value in range(0, 101, 10) and value is not None else None


def _ecog(results: Sequence[LaboratoryResult]) -> int | None:
    """Latest ECOG status as stated, else from the latest Karnofsky status; None where neither is on its scale."""
    stated = _last(results, ECOG_KEY)
    if stated is not None:
        return int(stated) if stated in range(6) else None
    karnofsky = _karnofsky(results)
    return None if karnofsky is None else ecog_from_karnofsky(karnofsky)


def _last(results: Sequence[LaboratoryResult], key: str) -> float | None:
    values = [one.values[key] for one in results if key in one.values]
    return values[-1] if values else None
