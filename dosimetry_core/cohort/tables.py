"""The tables of a cohort: heading, rows, and what each number rests on; numbers stay numbers until they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from dosimetry_core.cohort.modification import modifications, patterns
from dosimetry_core.cohort.records import END_REASONS, RESPONSES, CourseRecord, FollowedTime
from dosimetry_core.cohort.statistics import kaplan_meier, kruskal_wallis, log_rank, paired, spearman, summary
from dosimetry_core.cohort.table_parts import (
    ALL,
    DOSE_EFFECTS,
    ORGANS,
    SUMMARY,
    Cell,
    Table,
    arms,
    nuclides,
    summary_cells,
)
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT


def cohort_tables(records: Sequence[CourseRecord]) -> tuple[Table, ...]:
    """All tables of a cohort."""
    return tuple(make(records) for make in TABLE_MAKERS.values())


def patients_table(records: Sequence[CourseRecord]) -> Table:
    """How many courses, sexes, ages and cycles."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        ages = summary_cells([record.age_years for record in members], float)
        sexes = [record.sex for record in members]
        cycles = summary_cells([record.cycle_count for record in members], float)
        by_sex = (sexes.count("F"), sexes.count("M"), sexes.count(None))
        rows.append((arm, len(members), *by_sex, *ages[1:5], *cycles[1:5]))
    heading: tuple[str, ...] = ("protocol", "courses", "women", "men", "sex: missing")
    heading += ("age: missing", "age: median", "age: lower quartile", "age: upper quartile")
    heading += ("cycles: missing", "cycles: median", "cycles: lower quartile", "cycles: upper quartile")
    return Table("patients", "Patients (age in years)", heading, tuple(rows))


def activities_table(records: Sequence[CourseRecord]) -> Table:
    """Administered activities, of each cycle and cumulative."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for nuclide in nuclides(members):
            numbers = sorted({cycle.number for record in members for cycle in record.cycles})
            for number in numbers:
                given: list[float | None] = [
                    cycle.activity_bq.get(nuclide, 0.0)
                    for record in members
                    for cycle in record.cycles
                    if cycle.number == number
                ]
                rows.append((arm, nuclide, str(number), *summary_cells(given, GIGABECQUEREL.from_core)))
            whole: list[float | None] = [record.activity_bq(nuclide) for record in members]
            rows.append((arm, nuclide, "course", *summary_cells(whole, GIGABECQUEREL.from_core)))
    heading = ("protocol", "nuclide", "cycle", *SUMMARY)
    return Table("activities", "Administered activity (GBq)", heading, tuple(rows))


def modifications_table(records: Sequence[CourseRecord]) -> Table:
    """Free activity against the standard: how often and by how much."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        found = [one for record in members for one in modifications(record)]
        for number in [*sorted({one.cycle for one in found}), None]:
            chosen = [one for one in found if number is None or one.cycle == number]
            if not chosen:
                continue
            changes = [one.change for one in chosen]
            counts = [changes.count(name) for name in ("increased", "unchanged", "reduced")]
            factors: list[float | None] = [one.factor for one in chosen]
            rows.append((arm, "all" if number is None else str(number), *counts, *summary_cells(factors, float)))
    heading = ("protocol", "cycle", "increased", "unchanged", "reduced", *SUMMARY)
    title = "Free activity against the protocol's standard (factor; unchanged: within 5 %)"
    return Table("modifications", title, heading, tuple(rows))


def patterns_table(records: Sequence[CourseRecord]) -> Table:
    """Which sequences of modifications occur."""
    rows = [
        (arm, found, count, count / len(members))
        for arm, members in arms(records).items()
        if arm != ALL
        for found, count in patterns(members)
    ]
    title = "Patterns of modification, one sign a cycle (+ increased, = unchanged, − reduced)"
    return Table("patterns", title, ("protocol", "pattern", "courses", "share"), tuple(rows))


def doses_table(records: Sequence[CourseRecord]) -> Table:
    """Cumulative absorbed doses per organ and nuclide."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for organ, name in ORGANS.items():
            for nuclide in [*nuclides(members), None]:
                doses = [record.absorbed_dose_gy(organ, nuclide) for record in members]
                rows.append((arm, name, nuclide or "total", *summary_cells(doses, GRAY.from_core)))
    return Table("doses", "Cumulative absorbed dose (Gy)", ("protocol", "organ", "nuclide", *SUMMARY), tuple(rows))


def doses_by_cycle_table(records: Sequence[CourseRecord]) -> Table:
    """Absorbed dose of each cycle, by nuclide and of all together; 0 Gy by a nuclide that a known cycle lacked."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for organ, name in ORGANS.items():
            for number in sorted({cycle.number for record in members for cycle in record.cycles}):
                cycles = [cycle for record in members for cycle in record.cycles if cycle.number == number]
                for nuclide in [*nuclides(members), None]:
                    doses = [cycle.dose_gy(organ, nuclide) for cycle in cycles]
                    rows.append((arm, name, str(number), nuclide or "total", *summary_cells(doses, GRAY.from_core)))
    heading = ("protocol", "organ", "cycle", "nuclide", *SUMMARY)
    return Table("doses-by-cycle", "Absorbed dose of a cycle (Gy)", heading, tuple(rows))


def laboratory_table(records: Sequence[CourseRecord]) -> Table:
    """Baseline, worst value, change, and the paired test of it."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for key in _laboratory_keys(members):
            known = [record.laboratory[key] for record in members if key in record.laboratory]
            courses = [one for one in known if one.baseline is not None and one.worst is not None]
            before = summary([one.baseline for one in courses])
            worst = summary([one.worst for one in courses])
            change = summary([one.relative_change for one in courses])
            test = paired([(one.baseline, one.worst) for one in courses])
            rows.append(
                (
                    arm,
                    LABORATORY_NAMES.get(key, (key, ""))[0],
                    LABORATORY_NAMES.get(key, ("", ""))[1],
                    len(courses),
                    len(members) - len(courses),
                    before.median if before else None,
                    worst.median if worst else None,
                    PERCENT.from_core(change.median) if change else None,
                    PERCENT.from_core(change.lower_quartile) if change else None,
                    PERCENT.from_core(change.upper_quartile) if change else None,
                    test.p_value if test else None,
                )
            )
    heading: tuple[str, ...] = ("protocol", "value", "unit", "n", "missing", "baseline: median", "worst: median")
    heading += ("change: median %",)
    heading += ("change: lower quartile %", "change: upper quartile %", "p (Wilcoxon signed-rank)")
    return Table(
        "laboratory",
        "Laboratory values before the first cycle and at their worst (courses with both)",
        heading,
        tuple(rows),
    )


def _laboratory_keys(records: Sequence[CourseRecord]) -> list[str]:
    found = {key for record in records for key in record.laboratory}
    return [key for key in LABORATORY_NAMES if key in found] + sorted(found - set(LABORATORY_NAMES))


def grades_table(records: Sequence[CourseRecord]) -> Table:
    """Worst CTCAE grades of laboratory values."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for key in _laboratory_keys(members):
            grades = [record.laboratory[key].grade for record in members if key in record.laboratory]
            if any(grade is not None for grade in grades):
                name = LABORATORY_NAMES.get(key, (key, ""))[0]
                rows.append(
                    (
                        arm,
                        name,
                        *(grades.count(grade) for grade in range(5)),
                        grades.count(None),
                        len(members) - len(grades),
                    )
                )
    heading = ("protocol", "value", *(f"grade {grade}" for grade in range(5)), "not graded", "missing")
    return Table("grades", "Worst grade of laboratory values, CTCAE v5.0 (courses)", heading, tuple(rows))


def adverse_events_table(records: Sequence[CourseRecord]) -> Table:
    """Worst grade of each adverse event and of any; shares are of the courses of which it is known."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        known = [record.adverse_events for record in members if record.adverse_events is not None]
        worst = {"any": [max(events.values()) for events in known if events]}
        for term in sorted({term for events in known for term in events}):
            worst[term] = [events[term] for events in known if term in events]
        for term, grades in worst.items():
            share = len(grades) / len(known) if known else None
            counts = (grades.count(grade) for grade in range(1, 6))
            rows.append((arm, term, *counts, len(members) - len(known), share))
    heading = ("protocol", "term", *(f"grade {grade}" for grade in range(1, 6)), "missing", "share of courses")
    title = "Adverse events, worst grade (courses, shares of those of which it is known)"
    return Table("adverse-events", title, heading, tuple(rows))


def response_table(records: Sequence[CourseRecord]) -> Table:
    """Best overall response as seen and as confirmed, with objective response and disease control of those judged."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for basis, responses in (
            ("as seen", [record.response for record in members]),
            ("confirmed", [record.confirmed_response for record in members]),
        ):
            found = [response for response in responses if response is not None]
            counts = [found.count(response) for response in RESPONSES]
            judged = len(found) - counts[-1]
            objective = (counts[0] + counts[1]) / judged if judged else None
            control = (judged - counts[RESPONSES.index("PD")]) / judged if judged else None
            rows.append((arm, basis, *counts, len(members) - len(found), objective, control))
    heading = ("protocol", "basis", *RESPONSES, "missing", "objective response", "disease control")
    return Table(
        "response", "Best overall response, RECIST 1.1 (courses, shares of those judged)", heading, tuple(rows)
    )


def endings_table(records: Sequence[CourseRecord]) -> Table:
    """Why treatment ended."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        reasons = [record.end_reason for record in members]
        counts = (reasons.count(reason) for reason in END_REASONS)
        rows.append((arm, *counts, reasons.count(None)))
    heading = ("protocol", *END_REASONS, "going on or missing")
    return Table("endings", "Why treatment ended (courses)", heading, tuple(rows))


def performance_table(records: Sequence[CourseRecord]) -> Table:
    """ECOG and Karnofsky before and after."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for name, pairs in (
            ("ECOG", [(record.ecog_before, record.ecog_after) for record in members]),
            ("Karnofsky", [(record.karnofsky_before, record.karnofsky_after) for record in members]),
        ):
            known = [(float(a), float(b)) for a, b in pairs if a is not None and b is not None]
            better = sum(b < a if name == "ECOG" else b > a for a, b in known)
            worse = sum(b > a if name == "ECOG" else b < a for a, b in known)
            before, after = summary([a for a, _ in known]), summary([b for _, b in known])
            test = paired(list(known))
            middle = (before.median if before else None, after.median if after else None)
            same = len(known) - better - worse
            counts = (len(known), len(members) - len(known))
            rows.append((arm, name, *counts, *middle, better, same, worse, test.p_value if test else None))
    heading: tuple[str, ...] = ("protocol", "scale", "n", "missing", "before: median", "after: median")
    heading += (
        "better",
        "same",
        "worse",
        "p (Wilcoxon signed-rank)",
    )
    return Table("performance", "Performance status before and after", heading, tuple(rows))


def dose_effect_table(records: Sequence[CourseRecord]) -> Table:
    """Rank correlation of organ doses with changes of laboratory values, and differences between protocols."""
    rows: list[tuple[Cell, ...]] = []
    for arm, members in arms(records).items():
        for organ, key in DOSE_EFFECTS:
            pairs = [
                (record.absorbed_dose_gy(organ), record.laboratory[key].relative_change)
                for record in members
                if key in record.laboratory
            ]
            test = spearman(pairs)
            if test is not None:
                effect = f"change of {LABORATORY_NAMES[key][0]}"
                counts = (test.count, len(members) - test.count)
                rows.append((arm, ORGANS[organ], effect, test.test, *counts, test.statistic, test.p_value))
    groups = {arm: members for arm, members in arms(records).items() if arm != ALL}
    for organ, name in ORGANS.items():
        between = kruskal_wallis({a: [r.absorbed_dose_gy(organ) for r in members] for a, members in groups.items()})
        if between is not None:
            what = "cumulative absorbed dose, between protocols"
            counts = (between.count, len(records) - between.count)
            rows.append((ALL, name, what, between.test, *counts, between.statistic, between.p_value))
    heading = ("protocol", "organ", "effect", "test", "n", "missing", "statistic", "p")
    return Table("dose-effect", "Absorbed dose and effect", heading, tuple(rows))


def survival_table(
    records: Sequence[CourseRecord], name: str, time_of: Callable[[CourseRecord], FollowedTime | None], title: str
) -> Table:
    """Kaplan–Meier estimate by protocol: every step, with band and number at risk."""
    rows: list[tuple[Cell, ...]] = []
    groups: dict[str, list[FollowedTime]] = {}
    for arm, members in arms(records).items():
        times = [time for record in members if (time := time_of(record)) is not None]
        curve = kaplan_meier(times)
        missing = len(members) - len(times)
        if curve is None:
            rows.append((arm, None, None, None, None, 0, 0, None, missing))
            continue
        if arm != ALL:
            groups[arm] = times
        median = None if curve.median_days is None else _months(curve.median_days)
        rows.append((arm, 0.0, 1.0, None, None, curve.count, 0, median, missing))
        rows += [
            (arm, _months(p.days), p.survival, _known(p.lower), _known(p.upper), p.at_risk, p.events, None, None)
            for p in curve.points
        ]
    test = log_rank(groups)
    if test is not None:
        rows.append((f"{test.test}, p", None, test.p_value, None, None, test.count, None, None, None))
    heading = (
        "protocol",
        "months",
        "survival",
        "95 % lower",
        "95 % upper",
        "at risk",
        "events",
        "median months",
        "missing",
    )
    return Table(name, f"{title}, Kaplan–Meier (from the first cycle)", heading, tuple(rows))


def overall_survival_table(records: Sequence[CourseRecord]) -> Table:
    """Kaplan–Meier estimate of overall survival."""
    return survival_table(records, "survival", lambda record: record.survival, "Overall survival")


def progression_table(records: Sequence[CourseRecord]) -> Table:
    """Kaplan–Meier estimate of progression-free survival."""
    return survival_table(records, "progression", lambda record: record.progression, "Progression-free survival")


def _months(days: float) -> float:
    return days / (365.25 / 12)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


TABLE_MAKERS: Mapping[str, Callable[[Sequence[CourseRecord]], Table]] = {
    "Patients": patients_table,
    "Administered activity": activities_table,
    "Activity against the standard": modifications_table,
    "Patterns of changes": patterns_table,
    "Absorbed dose of the course": doses_table,
    "Absorbed dose by cycle": doses_by_cycle_table,
    "Laboratory before and at worst": laboratory_table,
    "Worst grades": grades_table,
    "Adverse events": adverse_events_table,
    "End of treatment": endings_table,
    "Response": response_table,
    "Performance status": performance_table,
    "Dose and effect": dose_effect_table,
    "Overall survival": overall_survival_table,
    "Progression-free survival": progression_table,
}
"""Every table by its name for people."""
