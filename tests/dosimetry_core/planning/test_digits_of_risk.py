"""A probability above the one that warns is not printed as equal to it."""

from __future__ import annotations

import pytest

from dosimetry_core.planning.plan_findings import _above


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.4, "40 %, above 25 %"),
        (0.2504, "25.04 %, above 25.00 %"),
        (0.250001, "just above 25 %"),
        (0.25003, "just above 25 %"),
    ],
)
def test_that_a_probability_is_told_apart_from_the_one_it_is_above(probability: float, said: str) -> None:
    assert _above(probability, 0.25) == said
