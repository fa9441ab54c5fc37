from __future__ import annotations

import pytest

from app.typed_numbers import typed_number, typed_numbers


@pytest.mark.parametrize("text", ["523.4", "523,4", " 523,4 "])
def test_that_a_decimal_comma_is_a_decimal_point(text: str) -> None:
    assert typed_number(text) == 523.4


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "1.234,5", "1,234.5", "1 2"])
def test_that_what_is_no_single_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        typed_number(text)


@pytest.mark.parametrize("text", ["9.5, 13, 17", "9.5 13 17", "9,5; 13; 17", "9.5;13;17", "9.5,13,17"])
def test_that_a_list_is_read_however_it_is_separated(text: str) -> None:
    assert typed_numbers(text) == [9.5, 13.0, 17.0]


@pytest.mark.parametrize("text", ["9,5 13 17", "9,5, 13", "10,13", ";", "10; x"])
def test_that_a_list_that_may_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        typed_numbers(text)


@pytest.mark.parametrize("text", ["1,850", " 7,400 ", "-1,024", "250,000"])
def test_that_what_may_be_thousands_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two ways"):
        typed_number(text)


@pytest.mark.parametrize(
    ("text", "number"), [("0,875", 0.875), ("1,85", 1.85), ("1.053", 1.053), ("1850,125", 1850.125)]
)
def test_that_what_can_be_no_thousands_is_read(text: str, number: float) -> None:
    assert typed_number(text) == number
