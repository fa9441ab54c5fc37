"""The planner by a clinic's own protocol files, with unusual limits, steps, caps and BED, against trying every step."""

from __future__ import annotations

import random

import pytest

from dosimetry_core.planning.next_cycle import plan_next_cycle
from tests.dosimetry_core.planning.own_protocols import expected_gbq, own_course
from tests.dosimetry_core.planning.test_exhaustive_search import chosen, core
from tests.figures import figure_line

SEED = 20261122


def compared(count: int) -> tuple[list[int], dict[str, int]]:
    """Courses whose plan is another than the search finds; and how many of each kind there were."""
    rng, wrong = random.Random(SEED), []
    kinds = dict.fromkeys(("no room", "capped", "below the smallest", "BED", "no marrow limit", "marrow-limited"), 0)
    for number in range(count):
        protocol, plain, cycles, prior, smallest, cap = own_course(rng, number)
        plan = plan_next_cycle(protocol, core(cycles), prior_absorbed_dose_gy=prior)
        expected = expected_gbq(plain, cycles, prior, smallest, cap)
        right = abs(chosen(plan, plain.free) - (expected or 0.0)) < 1e-9
        # Without room, or where the fixed nuclide alone exceeds, the limits are not kept; else they are.
        if not right or plan.feasible != (expected is not None):
            wrong.append(number)
        kinds["no room"] += expected is None
        kinds["capped"] += plan.limiting == "activity_cap"
        kinds["below the smallest"] += plan.limiting == "minimum_activity"
        kinds["BED"] += bool(protocol.bed_limits_gy)
        kinds["no marrow limit"] += not any(key.startswith("red_marrow") for key in protocol.limits_gy)
        kinds["marrow-limited"] += plan.limiting.startswith("red_marrow")
    return wrong, kinds


def test_that_a_clinics_own_protocols_are_planned_as_the_search_finds() -> None:
    wrong, kinds = compared(400)
    assert wrong == []
    assert min(kinds.values()) > 5, kinds


@pytest.mark.long
def test_that_10000_of_a_clinics_own_protocols_are_planned_as_the_search_finds() -> None:
    wrong, kinds = compared(10_000)
    figure_line(
        "planner-own-protocols",
        n=10_000,
        failures=len(wrong),
        seed=SEED,
        **{kind.replace(" ", "_").replace("-", "_"): count for kind, count in kinds.items()},
    )
    assert wrong == []
