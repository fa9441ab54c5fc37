from __future__ import annotations

import pytest

from app.dose_engines_shown import signed_percent


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0523, "+5.2 %"), (-0.0523, "−5.2 %"), (-0.0001, "0.0 %"), (0.0001, "0.0 %"), (-0.0005001, "−0.1 %")],
)
def test_that_a_difference_has_its_sign_and_zero_has_none(fraction: float, text: str) -> None:
    assert signed_percent(fraction) == text
