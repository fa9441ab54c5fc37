"""The sample patient of protocols: what is taken from results, and what the kept cycles say."""

from __future__ import annotations

import pytest

from dosimetry_core.planning.protocol import bundled_protocols, read_protocol
from dosimetry_core.planning.sample_course import SAMPLE_ORGANS, effect_on_sample, sample_course, sample_from_results


def test_that_nuclides_are_taken_from_results_and_their_sum_is_not() -> None:
    organ = {
        "absorbed_dose_gy": {"Lu-177": 2.0, "Y-90": 3.0, "total": 5.0},
        "absorbed_dose_standard_uncertainty_gy": {"Lu-177": 0.2, "Y-90": 0.4, "total": 0.5},
        "absorbed_dose_per_administered_activity_gy_per_bq": {"Lu-177": 5e-10, "Y-90": 1.5e-9},
    }
    cycle = {
        "number": 1,
        "administrations": [
            {"nuclide": "Lu-177", "administered_activity_bq": 4e9},
            {"nuclide": "Y-90", "administered_activity_bq": 2e9},
        ],
        "organs": {"kidneys": organ, "red_marrow": organ, "liver": organ},
    }
    found = sample_from_results({"cycles": [cycle]})["cycles"]
    assert [each["number"] for each in found] == [1]
    assert found[0]["administered_activity_bq"] == {"Lu-177": 4e9, "Y-90": 2e9}
    assert tuple(found[0]["organs"]) == SAMPLE_ORGANS
    for organ_name in SAMPLE_ORGANS:
        kept = found[0]["organs"][organ_name]
        assert kept["absorbed_dose_gy"] == {"Lu-177": 2.0, "Y-90": 3.0}
        assert kept["absorbed_dose_per_administered_activity_gy_per_bq"] == {"Lu-177": 5e-10, "Y-90": 1.5e-9}
        assert kept["relative_standard_uncertainty"] == pytest.approx(0.1)


def test_that_doses_of_the_kept_cycles_are_activity_times_dose_per_activity() -> None:
    assert len(sample_course()) == 2
    for cycle in sample_course():
        assert set(cycle.organs) == set(SAMPLE_ORGANS)
        for organ in cycle.organs.values():
            for nuclide, dose in organ.absorbed_dose_gy.items():
                per_activity = organ.absorbed_dose_per_administered_activity_gy_per_bq[nuclide]
                assert dose == pytest.approx(per_activity * cycle.administered_activity_bq[nuclide], rel=1e-9)


def test_that_every_bundled_protocol_has_an_effect_or_says_why_not() -> None:
    for name in bundled_protocols():
        effect = effect_on_sample(read_protocol(name))
        assert effect.protocol.name == name
        assert (effect.plan is None) == bool(effect.reason)
