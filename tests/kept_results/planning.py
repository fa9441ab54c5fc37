"""Plans of drawn courses under every protocol and setting, what may be given, and remarks on what was given."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dosimetry_core.case import Administration, Cycle, LaboratoryResult, VialMeasurement
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.planning.administration_entry import (
    PlannedCycle,
    SecondReading,
    entry_findings,
    is_refused,
    questions,
    read_activity_mbq,
)
from dosimetry_core.planning.certainty import surely_used_fraction
from dosimetry_core.planning.course_calendar import coming_windows, is_usual_interval, start_of, weeks_between
from dosimetry_core.planning.delivered import DeliveredCycle
from dosimetry_core.planning.feasible_region import feasible_region
from dosimetry_core.planning.forecast import course_basis, predict
from dosimetry_core.planning.given import deviation, deviation_findings, given_findings
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle, refused_plan, rounded_down_bq
from dosimetry_core.planning.plan_decision import decision_of
from dosimetry_core.planning.plan_states import PLAN_ACTIONS, PLAN_ROLES, PLAN_STATES, allowed_roles, refusal
from dosimetry_core.planning.plausibility import (
    change_findings,
    dose_per_activity_findings,
    effective_half_life_findings,
    kidney_sides_findings,
)
from dosimetry_core.planning.prediction import predictor_weights
from dosimetry_core.planning.protocol import bundled_protocols, parse_protocol, read_protocol
from dosimetry_core.planning.published import (
    duonen_absorbed_dose_per_administered_activity_gy_per_bq,
    duonen_mean_cumulative_activity_bq,
    duonen_ratio_y90_to_lu177,
    published_kidney_mean_gy_per_bq,
    published_kidney_series,
    published_red_marrow_gy_per_bq,
)
from dosimetry_core.planning.risk import (
    combined_standard_uncertainty_gy,
    probability_limited_activity_bq,
    probability_limited_activity_common_bq,
    probability_of_exceeding,
)
from dosimetry_core.planning.sample_course import effect_on_sample, sample_course
from dosimetry_core.units import GIGABECQUEREL
from tests.dosimetry_core.planning.courses import cycle, tandem
from tests.dosimetry_core.planning.test_exhaustive_search import core, random_course
from tests.kept_results.flatten import Leaf, flattened
from tests.kept_results.kinetics import tried

_BEGIN = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)


def _of_plan(plan: NextCyclePlan, path: str) -> dict[str, Leaf]:
    record = {key: value for key, value in plan.to_json().items() if not key.startswith(("protocol", "predicted"))}
    table = flattened(record, path)
    table |= flattened(plan.forecast, f"{path}.forecast")
    return table | flattened(plan.codes_needing_reason, f"{path}.reasons")


def drawn() -> dict[str, Leaf]:
    """Drawn tandem courses: limits of dose and BED, allocations, predictors, uncertainties, both nuclides' plane."""
    table: dict[str, Leaf] = {}
    rng = random.Random(421)
    for number in range(14):
        protocol, plain, cycles, prior = random_course(rng, bed=number % 3 == 1)
        protocol = replace(
            protocol,
            between_cycle_relative_standard_uncertainty=rng.choice((0.0, 0.06)),
            linear_trend_may_fall=number % 4 == 2,
        )
        known = number % 5 != 4
        spread = {"random": rng.uniform(0.02, 0.1), "common": rng.uniform(0.02, 0.1)} if known else {}
        delivered = core(cycles, **spread)
        table |= _of_plan(plan_next_cycle(protocol, delivered, prior_absorbed_dose_gy=prior), f"{number}")
        chosen = {plain.free: GIGABECQUEREL.to_core(1.37)}
        plan = plan_next_cycle(protocol, delivered, prior_absorbed_dose_gy=prior, chosen_activities_bq=chosen)
        table |= flattened(plan.forecast, f"{number}.chosen") | flattened(plan.findings, f"{number}.chosen.findings")
        basis = course_basis(protocol, delivered, prior_absorbed_dose_gy=prior)
        if len(protocol.nuclides) == 2 and known and number < 9:
            for certainty in (0.5, 0.9):
                table |= flattened(feasible_region(basis, certainty=certainty), f"{number}.region.{certainty}")
        if known:
            given = {n.name: n.standard_activity_bq for n in protocol.nuclides}
            table |= flattened(surely_used_fraction(basis, given, 0.83), f"{number}.surely")
    return table


def _courses() -> dict[str, list[DeliveredCycle]]:
    one = cycle(1, {LU177: 7.31}, {LU177: 0.61}, {LU177: 0.021}, random=0.04, common=0.11)
    two = cycle(2, {LU177: 7.52}, {LU177: 0.83}, {LU177: 0.027}, random=0.06, common=0.11)
    guess = cycle(3, {LU177: 7.12}, {LU177: 0.83}, {LU177: 0.027}, random=0.06, common=0.11, estimated=True)
    both = tandem(1, kidneys=(0.47, 2.3), random=0.05, common=0.09)
    next_ = cycle(
        2, {LU177: 3.61, Y90: 1.43}, {LU177: 0.58, Y90: 2.9}, {LU177: 0.013, Y90: 0.081}, random=0.07, common=0.1
    )
    much = cycle(1, {LU177: 7.4, Y90: 4.9}, {LU177: 1.31, Y90: 6.2}, {LU177: 0.09, Y90: 0.31})
    last = replace(both, number=3)
    return {
        "one": [one],
        "two": [one, two],
        "guess": [one, two, guess],
        "tandem": [both],
        "two tandems": [both, next_],
        "three tandems": [both, next_, last],
        "too much": [much],
        "four": [both, next_, last, replace(next_, number=4)],
    }


def protocols() -> dict[str, Leaf]:
    """Every bundled protocol on ordinary courses, on the sample patient, and altered ones."""
    table: dict[str, Leaf] = {}
    for name in bundled_protocols():
        protocol = read_protocol(name)
        table |= flattened(protocol.to_json(), f"{name}.protocol")
        table |= flattened(protocol.total_limit_gy, f"{name}.total")
        effect = effect_on_sample(protocol)
        table |= _of_plan(effect.plan, f"{name}.sample") if effect.plan else {f"{name}.sample": effect.reason[:20]}
        for course, delivered in _courses().items():
            found = tried(plan_next_cycle, protocol, delivered, prior_absorbed_dose_gy={"kidneys": 1.7})
            path = f"{name}.{course}"
            table |= _of_plan(found, path) if isinstance(found, NextCyclePlan) else flattened(found, path)
        refused = refused_plan(
            protocol,
            _courses()["two tandems"],
            [MissingDataError("no kidneys", where="cycle 2"), InconsistentCaseError("two clocks", where="cycle 1")],
        )
        table |= _of_plan(refused, f"{name}.refused")
    table |= flattened(sample_course(), "sample")
    base = read_protocol("duonen-b")
    for change, altered in {
        "weights": replace(base, allocation="weights", allocation_weights=(0.7, 1.9, 0.4, 1.1)),
        "front-loaded": replace(base, allocation="front-loaded"),
        "open": replace(base, cycles=None),
        "higher marrow": replace(base, limits_gy=FrozenMap({"kidneys": 27.0, "red_marrow_total": 0.61})),
        "cap": replace(base, nuclides=(base.nuclides[0], replace(base.nuclides[1], activity_cap_bq=1.61e9))),
        "smallest": replace(
            base, nuclides=(base.nuclides[0], replace(base.nuclides[1], minimum_dispensable_activity_bq=2.7e9))
        ),
    }.items():
        for course in ("tandem", "two tandems", "three tandems", "too much"):
            for planned in (None, 5):
                found = tried(plan_next_cycle, altered, _courses()[course], planned_cycles=planned)
                path = f"{change}.{course}.{planned}"
                table |= _of_plan(found, path) if isinstance(found, NextCyclePlan) else flattened(found, path)
        stopped = plan_next_cycle(altered, _courses()["tandem"], stop_criteria_met=["platelets below 75"])
        table |= _of_plan(stopped, f"{change}.stopped")
    bed = replace(base, bed_limits_gy=FrozenMap({"kidneys_bed": 31.0}))
    table |= flattened(tried(plan_next_cycle, bed, _courses()["tandem"]), "BED without protraction")
    out = predict(base, _courses()["two tandems"], {LU177: 3.3e9, Y90: 1.1e9}, planned_cycles=3)
    return table | flattened(out, "predicted")


def rules() -> dict[str, Leaf]:
    """Probabilities, predictors, rounding, calendars, published values and plausible bands."""
    table: dict[str, Leaf] = {}
    for dose, u, limit in (
        (19.3, 2.1, 23.0),
        (24.1, 1.3, 23.0),
        (23.0, 0.0, 23.0),
        (23.1, 0.0, 23.0),
        (9.0, 0.0, 23.0),
    ):
        table[f"exceeding.{dose}.{u}"] = probability_of_exceeding(dose, u, limit)
    table["combined"] = combined_standard_uncertainty_gy(
        [(7.1, 0.05, 0.09), (4.3, 0.08, 0.11), (2.9, 0.03, 0.07)], independent_gy=[0.31, 0.17]
    )
    for allowed, spread in itertools.product((0.05, 0.31, 0.5, 0.7), (0.0, 3.1e-10)):
        path = f"{allowed}.{spread}"
        table |= flattened(
            tried(
                probability_limited_activity_bq,
                13.7,
                1.2,
                2.3e-9,
                spread,
                limit_gy=23.0,
                allowed_probability=allowed,
            ),
            f"limited.{path}",
        )
        table |= flattened(
            tried(
                probability_limited_activity_common_bq,
                13.7,
                2.3e-9,
                spread * 3e8,
                limit_gy=23.0,
                allowed_probability=allowed,
            ),
            f"common.{path}",
        )
    for predictor, may_fall in itertools.product(
        ("latest", "mean", "activity-weighted-mean", "linear-trend", "maximum"), (False, True)
    ):
        for values in ((0.41, 0.57, 0.52), (0.61, 0.47, 0.43), (0.31,), (0.31, 0.37)):
            numbers, activities = (1, 2, 4)[: len(values)], (3.7, 1.9, 2.6)[: len(values)]
            found = tried(
                predictor_weights,
                predictor,
                numbers,
                activities,
                values,
                next_cycle=5,
                linear_trend_may_fall=may_fall,
            )
            table |= flattened(found, f"{predictor}.{may_fall}.{values}")
    for activity in (0.0, 12.85, 12.849, 0.0499, 7.0):
        table[f"rounded.{activity}"] = rounded_down_bq(GIGABECQUEREL.to_core(activity), GIGABECQUEREL.to_core(0.05))
    for series in published_kidney_series():
        table[f"published.{series}"] = published_kidney_mean_gy_per_bq(series)
    for method in ("blood_based", "image_based_vertebrae"):
        table |= flattened(_tried_key(published_red_marrow_gy_per_bq, method), f"marrow.{method}")
    for arm, nuclide in itertools.product("ABCD", (LU177, Y90)):
        table |= flattened(_tried_key(duonen_mean_cumulative_activity_bq, arm, nuclide), f"{arm}.{nuclide}.given")
        for organ in ("kidneys", "red_marrow"):
            function = duonen_absorbed_dose_per_administered_activity_gy_per_bq
            table |= flattened(_tried_key(function, organ, arm, nuclide), f"{arm}.{nuclide}.{organ}")
            table |= flattened(_tried_key(duonen_ratio_y90_to_lu177, organ, arm), f"{arm}.{organ}.ratio")
    for organ, factor in itertools.product(("kidneys", "red_marrow", "liver", "spleen"), (0.01, 0.6, 1.0, 30.0)):
        per = {LU177: 0.5e-9 * factor, Y90: 2.6e-9 * factor}
        table |= flattened(dose_per_activity_findings(organ, per, place="c"), f"{organ}.{factor}")
        table |= flattened(
            change_findings(organ, per, {LU177: 0.5e-9, Y90: 2.6e-9}, place="c"), f"{organ}.{factor}.change"
        )
        table |= flattened(
            effective_half_life_findings(organ, LU177, 50.0 * 3600 * factor, place="c"), f"{organ}.{factor}.T"
        )
    for right in (4.1, 5.9, 6.3, 2.0, 0.0):
        table |= flattened(kidney_sides_findings(4.1, right, place="c"), f"sides.{right}")
    for number in (0, 1, 2):
        chosen = {LU177: 3.7e9 * (number > 0), Y90: 1.85e9 * (number > 1)}
        for proposal in (None, chosen, {LU177: 3.7e9, Y90: 1.2e9}):
            for ends in (False, True):
                path = f"decision.{number}.{proposal and proposal[Y90]}.{ends}"
                table[path] = decision_of(read_protocol("duonen-b"), chosen, proposal, ends_treatment=ends)
    for state, action in itertools.product(PLAN_STATES, PLAN_ACTIONS):
        table[f"{state}.{action}"] = " ".join(allowed_roles(state, action))
        for role in PLAN_ROLES:
            table[f"{state}.{action}.{role}"] = str(len(refusal(state, action, role).split()) > 3)
    return table


def _tried_key(make: object, *arguments: object) -> object:
    try:
        return tried(make, *arguments)
    except KeyError as error:
        return f"KeyError {error}"


def _given(name: str, gbq: float, start: datetime, **options: object) -> Administration:
    vial = VialMeasurement(
        GIGABECQUEREL.to_core(gbq * 1.03),
        start - timedelta(hours=1.3),
        GIGABECQUEREL.to_core(gbq * 0.017),
        start + timedelta(hours=1.7),
    )
    made = Administration.from_vial(name, vial, start=start, infusion_s=1800.0)
    return replace(made, **options)  # type: ignore[arg-type]


def administrations() -> dict[str, Leaf]:
    """What was given and entered, right and wrong in many ways; calendars."""
    table: dict[str, Leaf] = {}
    start = _BEGIN + timedelta(days=57, hours=3)
    plan = PlannedCycle("P1", 2, FrozenMap({LU177: 3.7e9, Y90: 1.6e9}), start - timedelta(days=1))
    good = (_given(LU177, 3.71, start), _given(Y90, 1.58, start + timedelta(minutes=40)))

    def second(*given: Administration, who: str = "P1") -> SecondReading:
        readings = [(item.nuclide, item.vial) for item in given]
        return SecondReading(
            "B",
            who,
            FrozenMap({name: vial.vial_activity_bq for name, vial in readings if vial}),
            FrozenMap({name: vial.residual_activity_bq for name, vial in readings if vial}),
        )

    now = start + timedelta(hours=5)
    entries: dict[str, tuple[Administration, ...]] = {
        "good": good,
        "one": good[:1],
        "twice": (*good, good[0]),
        "other": (replace(good[0], nuclide="Tb-161"), good[1]),
        "much": (_given(LU177, 4.3, start), good[1]),
        "more": (_given(LU177, 4.9, start), good[1]),
        "unit": (_given(LU177, 0.0037, start), good[1]),
        "none": (_given(LU177, 0.0, start), good[1]),
        "early": (_given(LU177, 3.7, start - timedelta(days=2)), good[1]),
        "late": (_given(LU177, 3.7, now + timedelta(minutes=2)), good[1]),
        "no vial": (replace(good[0], vial=None), good[1]),
        "long": (replace(good[0], infusion_s=4 * 3600.0), good[1]),
    }
    for name, given in entries.items():
        for comment in ("", "spilled"):
            found = entry_findings(plan, "P1", 2, given, second(*good), now=now, last_start=_BEGIN, comment=comment)
            table |= flattened(found, f"{name}.{comment or 'silent'}")
            table[f"{name}.{comment or 'silent'}.refused"] = float(is_refused(found))
            table[f"{name}.{comment or 'silent'}.questions"] = float(len(questions(found)))
    wrong: dict[str, dict[str, Any]] = {
        "other patient": {"patient_id": "P2"},
        "other cycle": {"cycle": 3},
        "read once": {"second": None},
        "other label": {"second": second(*good, who="")},
        "misread": {"second": second(_given(LU177, 3.72, start), good[1])},
        "soon after": {"last_start": start - timedelta(days=20)},
        "before": {"last_start": start + timedelta(days=1)},
        "first": {"last_start": None},
    }
    for name, options in wrong.items():
        call: dict[str, Any] = {"patient_id": "P1", "cycle": 2, "second": second(*good), "last_start": _BEGIN}
        call |= options
        found = entry_findings(
            plan, call["patient_id"], call["cycle"], good, call["second"], now=now, last_start=call["last_start"]
        )
        table |= flattened(found, name)
    for text in ("7400", " 7413.5 ", "7,4", "7.400", "0.123", "7.4131", "1e3", "-5", ""):
        table |= flattened(tried(read_activity_mbq, text), f"typed.{text or 'nothing'}")
    laboratory = (LaboratoryResult(date(2024, 1, 7), FrozenMap({})), LaboratoryResult(date(2025, 2, 27), FrozenMap({})))
    cycles = [
        Cycle(1, (_given(LU177, 3.9, _BEGIN), _given(Y90, 1.4, _BEGIN - timedelta(hours=1))), laboratory=laboratory),
        Cycle(2, (_given(LU177, 2.1, _BEGIN + timedelta(days=24)), _given(Y90, 9.9, _BEGIN + timedelta(days=25)))),
        Cycle(3, (_given(LU177, 370.0, start), replace(_given(Y90, 1.0, start), nuclide="Tb-161"))),
    ]
    for name in bundled_protocols():
        table |= flattened(given_findings(read_protocol(name), cycles), f"given.{name}")
    for planned, comment in itertools.product((3.7e9, 3.4e9, 2.6e9, 0.0), ("", " dose vial broke ")):
        item = replace(good[0], planned_activity_bq=planned, comment=comment)
        table |= flattened(deviation_findings(item, "c"), f"deviation.{planned}.{comment or 'silent'}")
        table |= flattened(deviation(3.71e9, planned), f"share.{planned}")
    for following, planned_cycles in ((4, None), (4, 6), (3, 2), (None, 4)):
        table |= flattened(coming_windows(cycles, following, planned_cycles), f"windows.{following}.{planned_cycles}")
    table |= flattened(start_of(cycles[0]), "start") | flattened(start_of(Cycle(9, ())), "no start")
    table["weeks"] = weeks_between(_BEGIN, start)
    for days in (41.9, 42.1, 69.9, 70.1):
        table[f"usual.{days}"] = float(is_usual_interval(days * 86400.0))
    return table


def files() -> dict[str, Leaf]:
    """Protocol files with one thing changed: read, or refused with a word on where."""
    table: dict[str, Leaf] = {}
    text = (Path(__file__).parents[2] / "resources" / "protocols" / "duonen-b.toml").read_text("utf-8")
    changes = (
        ("cycles = 4", "cycles = 0"),
        ("cycles = 4", "cycles = 3"),
        ('activity_rule = "adapt-free-nuclide"', 'activity_rule = "fixed"'),
        ('role = "free"', 'role = "fixed"'),
        ('role = "fixed"', 'role = "free"'),
        ("standard_activity_gbq = 1.85", "standard_activity_gbq = 0"),
        ("standard_activity_gbq = 1.85", "standard_activity_gbq = -1"),
        ("minimum_dispensable_activity_gbq = 0.05", "minimum_dispensable_activity_gbq = 1.9"),
        ("minimum_dispensable_activity_gbq = 0.05", "activity_cap_gbq = 0.01"),
        ("minimum_dispensable_activity_gbq = 0.05", "activity_cap_gbq = 3.3"),
        ("kidneys_total_gy = 23.0", "kidneys_total_gy = 0"),
        ("kidneys_total_gy = 23.0", "kidneys_total_bed_gy = 37.0"),
        ("red_marrow_total_gy = 2.0", "liver_gy = 30.0"),
        ('allocation = "equal-split"', 'allocation = "weights"'),
        ('allocation = "equal-split"', 'allocation = "weights"\nallocation_weights = [1.0, 2.0, 0.5, 0.7]'),
        ('allocation = "equal-split"', 'allocation = "weights"\nallocation_weights = [1.0, 2.0, 0.5]'),
        ('allocation = "equal-split"', 'allocation = "weights"\nallocation_weights = [1.0, 2.0, 0.0, -1.0]'),
        ('predictor = "latest"', 'predictor = "linear-trend"\nlinear_trend_may_fall = true'),
        ('predictor = "latest"', 'predictor = "first"'),
        ("rounding_step_gbq = 0.05", "rounding_step_gbq = 0"),
        ("rounding_step_gbq = 0.05", "rounding_step_gbq = 0.17"),
        ("confirm_above_relative_to_standard = 1.25", "confirm_above_relative_to_standard = 0.9"),
        ("confirm_above_relative_to_last = 1.5", ""),
        ("confirm_above_relative_to_last = 1.5", "confirm_above_relative_to_last = 1.0"),
        ("warn_above_probability = 0.25", "warn_above_probability = 1.0"),
        ("warn_above_probability = 0.25", "warn_above_probability = 1.2"),
        ("uncertainty = 0.0 ", "uncertainty = 0.07 "),
        ("uncertainty = 0.0 ", "uncertainty = -0.1 "),
        ("format = 1", "format = 2"),
        ('stop_rules = "duonen"', ""),
        ('name = "Y-90"', 'name = "Lu-177"'),
        ('name = "Y-90"', 'name = "Q-1"'),
    )
    for before, after in changes:
        assert before in text
        found = tried(parse_protocol, text.replace(before, after, 1).encode(), where="clinic.toml")
        path = f"{before} > {after}"
        table |= flattened(found.to_json() if hasattr(found, "to_json") else found, path)
    return table


PARTS = {
    "drawn courses": drawn,
    "protocols": protocols,
    "rules": rules,
    "administrations": administrations,
    "protocol files": files,
}
