from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dosimetry_core.case import Administration, Cycle
from dosimetry_core.planning.given import given_findings
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.units import GIGABECQUEREL
from tests.dosimetry_core.planning.courses import LU, Y

START = datetime(2025, 3, 3, 10, 30, tzinfo=UTC)


def given(number: int, days: float, lutetium_gbq: float = 3.7, yttrium_gbq: float = 1.85) -> Cycle:
    return Cycle(
        number,
        tuple(
            Administration(name, GIGABECQUEREL.to_core(activity), START + timedelta(days=days), 1800.0)
            for name, activity in ((LU, lutetium_gbq), (Y, yttrium_gbq))
        ),
    )


def codes(*cycles: Cycle) -> list[str]:
    return [finding.code for finding in given_findings(read_protocol("duonen-b"), cycles)]


@pytest.mark.parametrize(("days", "expected"), [(27.9, ["cycle-interval"]), (28.0, []), (56.0, [])])
def test_that_cycles_less_than_four_weeks_apart_are_remarked_on(days: float, expected: list[str]) -> None:
    assert codes(given(1, 0.0), given(2, days)) == expected


@pytest.mark.parametrize(("lutetium_gbq", "expected"), [(3.7, []), (4.0, []), (4.2, ["administered-activity-unusual"])])
def test_that_an_activity_more_than_a_tenth_off_the_prescribed_one_is_remarked_on(
    lutetium_gbq: float, expected: list[str]
) -> None:
    assert codes(given(1, 0.0, lutetium_gbq)) == expected
