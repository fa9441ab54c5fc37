from __future__ import annotations

from app.steps.dose_map_page import levels_of, limits_of, nice_levels_gy


def test_that_doses_of_lines_are_round_and_below_the_highest() -> None:
    assert nice_levels_gy(12.0) == (2.5, 5.0, 7.5, 10.0)
    assert nice_levels_gy(53.9) == (20.0, 40.0)
    assert nice_levels_gy(0.0) == ()


def test_that_what_is_typed_is_read_or_refused() -> None:
    assert levels_of("23 5 10 10") == levels_of("23;5;10") == (5.0, 10.0, 23.0)
    assert levels_of("7,5; 10") == (7.5, 10.0)
    for wrong in ("5 x", "-5", "0", "nan", "1 2 3 4 5 6 7"):
        assert levels_of(wrong) is None
    assert limits_of("0", "12.5") == limits_of("0", "12,5") == (0.0, 12.5)
    for lower, upper in (("5", "5"), ("6", "5"), ("", "5"), ("0", "inf")):
        assert limits_of(lower, upper) is None
