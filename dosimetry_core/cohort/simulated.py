"""A simulated cohort: courses of the trial's four arms, planned by this program's own planner, made from a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from dosimetry_core.case import LaboratoryLimit
from dosimetry_core.cohort.records import (
    CourseRecord,
    CycleRecord,
    FollowedTime,
    LaboratoryCourse,
    Response,
)
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.planning.delivered import DeliveredCycle, DeliveredOrganDose
from dosimetry_core.planning.next_cycle import plan_next_cycle
from dosimetry_core.planning.protocol import Protocol, read_protocol
from dosimetry_core.safety.ctcae import ctcae_grade
from dosimetry_core.units import GRAY_PER_GIGABECQUEREL

ARMS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d")
COURSES = 92
# Medians over patients, and geometric standard deviations between patients and from cycle to cycle.
_GY_PER_GBQ = {
    ("kidneys", LU177): (0.60, 1.35),
    ("kidneys", Y90): (2.4, 1.35),
    ("red_marrow", LU177): (0.018, 1.4),
    ("red_marrow", Y90): (0.085, 1.4),
}
_BETWEEN_CYCLES = 1.08
_LIMITS = {
    "haemoglobin_g_per_dl": LaboratoryLimit(lower=12.0),
    "platelets_1e9_per_l": LaboratoryLimit(lower=150.0),
    "leukocytes_1e9_per_l": LaboratoryLimit(lower=4.0),
    "lymphocytes_1e9_per_l": LaboratoryLimit(lower=1.0),
}
# Median before, its geometric standard deviation, median fraction lost for each Gy to the marrow.
_BLOOD = {
    "haemoglobin_g_per_dl": (13.0, 1.10, 0.06),
    "platelets_1e9_per_l": (230.0, 1.30, 0.22),
    "leukocytes_1e9_per_l": (6.2, 1.30, 0.20),
    "lymphocytes_1e9_per_l": (1.7, 1.35, 0.35),
}
_EGFR = (85.0, 1.20, 0.006)
_SIZES_STREAM = 1
"""Changes of tumour sizes are drawn apart from all else."""
_BEST_CHANGE: dict[str, tuple[float, float]] = {
    "CR": (-1.0, -1.0),
    "PR": (-0.75, -0.32),
    "SD": (-0.28, 0.15),
    "PD": (0.0, 0.4),
}
_ASSESSED_EVERY_DAYS, _FEWEST_ASSESSED, _MOST_ASSESSED = 90.0, 2, 5
_EVENTS = {"Nausea": (0.45, 2), "Vomiting": (0.20, 2), "Fatigue": (0.40, 3), "Abdominal pain": (0.15, 2)}
_MEDIAN_SURVIVAL_DAYS, _MEDIAN_PROGRESSION_DAYS, _FOLLOWED_DAYS = 1700.0, 900.0, (300.0, 2000.0)


def simulated_cohort(seed: int, *, courses: int = COURSES, arms: Sequence[str] = ARMS) -> list[CourseRecord]:
    """Courses shared evenly among the arms; the same for the same seed.

    No patient stands behind any number: doses per activity, blood counts, response and survival are drawn from
    distributions of plausible width. The activities are those that `plan_next_cycle` proposes.

    It shows and tests tables and figures, and answers no question about patients. Response, performance and survival
    know nothing of doses, of the number of cycles or of one another: a course of four cycles may end by death sooner
    than four cycles take, and tumours may be assessed after it. No protocol is truly better than another.
    """
    random = np.random.default_rng(seed)
    protocols = {arm: read_protocol(arm) for arm in arms}
    made = [_course(random, protocols[arms[number % len(arms)]], number) for number in range(courses)]
    sizes = np.random.default_rng([seed, _SIZES_STREAM])
    return [_with_sizes(sizes, record) for record in made]


def _log_normal(random: np.random.Generator, median: float, geometric_deviation: float) -> float:
    return median * math.exp(random.normal(0.0, math.log(geometric_deviation)))


def _course(random: np.random.Generator, protocol: Protocol, number: int) -> CourseRecord:
    own = {key: _log_normal(random, *value) for key, value in _GY_PER_GBQ.items()}
    delivered: list[DeliveredCycle] = []
    planned = protocol.cycles or 4
    activities = {nuclide.name: nuclide.standard_activity_bq for nuclide in protocol.nuclides}
    while True:
        organs = {}
        for organ in ("kidneys", "red_marrow"):
            per_activity = {
                name: GRAY_PER_GIGABECQUEREL.to_core(_log_normal(random, own[organ, name], _BETWEEN_CYCLES))
                for name in activities
            }
            doses = {name: per_activity[name] * bq for name, bq in activities.items()}
            organs[organ] = DeliveredOrganDose(FrozenMap(doses), FrozenMap(per_activity), 0.06, 0.06)
        delivered.append(DeliveredCycle(len(delivered) + 1, FrozenMap(activities), FrozenMap(organs)))
        if len(delivered) == planned:
            break
        plan = plan_next_cycle(protocol, delivered)
        if plan.stop or not any(plan.activities_bq.values()):
            break
        activities = dict(plan.activities_bq)
    cycles = tuple(
        CycleRecord(
            cycle.number,
            cycle.administered_activity_bq,
            FrozenMap({organ: dose.absorbed_dose_gy for organ, dose in cycle.organs.items()}),
        )
        for cycle in delivered
    )
    free = protocol.free_nuclide
    sex: Literal["F", "M"] = "F" if random.random() < 0.5 else "M"
    record = CourseRecord(
        key=f"S{number + 1:03d}",
        protocol=protocol.name,
        cycles=cycles,
        sex=sex,
        age_years=float(round(float(np.clip(random.normal(61.0, 11.0), 25.0, 85.0)))),
        free_nuclide=None if free is None else free.name,
        standard_activity_bq=FrozenMap({n.name: n.standard_activity_bq for n in protocol.nuclides}),
        end_reason="completed" if len(cycles) == planned else "dose-limit",
    )
    return _with_outcome(random, record)


def _with_sizes(random: np.random.Generator, record: CourseRecord) -> CourseRecord:
    """Changes of the sum of diameters that fit the response; whether it was confirmed."""
    low, high = _BEST_CHANGE.get(record.response or "", (math.nan, math.nan))
    if math.isnan(low):
        return replace(record, confirmed_response=record.response)
    best = round(float(random.uniform(low, high)), 3)
    count = int(random.integers(_FEWEST_ASSESSED, _MOST_ASSESSED + 1))
    lowest_at = int(random.integers(0, count))
    changes = []
    for number in range(count):
        share = (number + 1) / (lowest_at + 1)
        rise = 0.0 if number <= lowest_at or record.response == "CR" else 0.06 * (number - lowest_at)
        changes.append((_ASSESSED_EVERY_DAYS * (number + 1), round(best * min(share, 1.0) + rise, 3)))
    is_response = record.response in ("CR", "PR")
    confirmed: Response | None = "SD" if is_response and lowest_at == count - 1 else record.response
    best_change = min(change for _, change in changes)
    return replace(record, confirmed_response=confirmed, best_change=best_change, sum_changes=tuple(changes))


def _with_outcome(random: np.random.Generator, record: CourseRecord) -> CourseRecord:
    marrow = record.absorbed_dose_gy("red_marrow") or 0.0
    kidneys = record.absorbed_dose_gy("kidneys") or 0.0
    laboratory = {}
    for key, (median, width, loss_per_gy) in _BLOOD.items():
        before = round(_log_normal(random, median, width), 1)
        worst = round(before * math.exp(-loss_per_gy * marrow) * _log_normal(random, 0.92, 1.10), 1)
        grade = ctcae_grade(key, worst, limit=_LIMITS[key], baseline=before)
        laboratory[key] = LaboratoryCourse(before, worst, grade)
    median, width, loss_per_gy = _EGFR
    before = round(_log_normal(random, median, width), 0)
    worst = round(before * math.exp(-loss_per_gy * kidneys) * _log_normal(random, 0.97, 1.08), 0)
    laboratory["egfr_ml_per_min_per_1_73m2"] = LaboratoryCourse(before, worst)
    events = {}
    for term, (share, highest) in _EVENTS.items():
        if random.random() < share:
            events[term] = int(random.integers(1, highest + 1))
    responses: tuple[Response, ...] = ("CR", "PR", "SD", "PD", "NE")
    response = responses[int(random.choice(5, p=(0.02, 0.23, 0.58, 0.13, 0.04)))]
    karnofsky = int(random.choice((70, 80, 90, 100), p=(0.1, 0.25, 0.4, 0.25)))
    later = int(np.clip(karnofsky + 10 * int(random.integers(-1, 2)), 40, 100))
    followed = float(round(random.uniform(*_FOLLOWED_DAYS)))
    death = float(round(random.exponential(_MEDIAN_SURVIVAL_DAYS / math.log(2))))
    progress = float(round(random.exponential(_MEDIAN_PROGRESSION_DAYS / math.log(2))))
    return replace(
        record,
        laboratory=FrozenMap(laboratory),
        adverse_events=FrozenMap(events),
        response=response,
        karnofsky_before=karnofsky,
        karnofsky_after=later,
        ecog_before=(100 - karnofsky) // 20,
        ecog_after=(100 - later) // 20,
        survival=FollowedTime(min(death, followed), death <= followed),
        progression=FollowedTime(min(death, progress, followed), min(death, progress) <= followed),
    )
