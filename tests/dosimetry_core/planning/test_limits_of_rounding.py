"""Activities that rounding errors alone put on one side of nothing, or of the least that can be dispensed."""

from __future__ import annotations

import pytest

from dosimetry_core.planning.next_cycle import plan_next_cycle
from dosimetry_core.planning.protocol import read_protocol
from tests.dosimetry_core.planning.courses import LU, Y, tandem

ARM_C = read_protocol("duonen-c")
# Arm C after one cycle: (23 Gy − 3.7 GBq · 0.45 Gy/GBq − 1.85 GBq · y) / 3 is what each of three cycles may give the
# kidneys, 1.85 GBq · y what the fixed 90Y gives them, and the rest is for 177Lu at 0.45 Gy/GBq.
LEFT_GY = 23.0 - 3.7 * 0.45


def _fixed_dose_that_leaves(gbq: float) -> float:
    """y in Gy/GBq for which so much 177Lu uses the allocation up."""
    return (LEFT_GY / 3 - 0.45 * gbq) / (1.85 * 4 / 3)


@pytest.mark.parametrize(
    ("relative_excess", "limiting"), [(0.0, "kidneys"), (1e-12, "kidneys"), (1e-11, "fixed_nuclide")]
)
def test_that_a_fixed_nuclide_exceeds_only_by_more_than_a_rounding_error(relative_excess: float, limiting: str) -> None:
    dose = _fixed_dose_that_leaves(0.0) * (1 + relative_excess)
    plan = plan_next_cycle(ARM_C, [tandem(kidneys=(0.45, dose))])
    # 10⁻¹² of the dose is 0.016 Bq of 177Lu; a thousand-millionth of a step is 0.05 Bq.
    assert plan.unrounded_activities_bq[LU] == pytest.approx(-1.58e10 * relative_excess, rel=0.05, abs=1e-3)
    assert plan.activities_bq == {LU: 0.0, Y: 1.85e9}
    assert plan.limiting == limiting


def test_that_the_least_that_can_be_dispensed_is_given() -> None:
    plan = plan_next_cycle(ARM_C, [tandem(kidneys=(0.45, _fixed_dose_that_leaves(0.05)))])
    assert plan.activities_bq == {LU: 0.05e9, Y: 1.85e9}
    assert plan.limiting == "kidneys"
    less = plan_next_cycle(ARM_C, [tandem(kidneys=(0.45, _fixed_dose_that_leaves(0.0499)))])
    assert less.activities_bq[LU] == 0.0
    assert less.limiting == "minimum_activity"
