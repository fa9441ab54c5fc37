from __future__ import annotations

from dosimetry_core.planning.plausibility import (
    change_findings,
    dose_per_activity_findings,
    effective_half_life_findings,
    kidney_sides_findings,
)
from dosimetry_core.units import HOUR


def test_that_usual_values_are_not_remarked_on() -> None:
    assert dose_per_activity_findings("kidneys", {"Lu-177": 0.5e-9, "Y-90": 2.0e-9}) == ()
    assert dose_per_activity_findings("red_marrow", {"Lu-177": 0.014e-9, "Y-90": 0.07e-9}) == ()
    assert dose_per_activity_findings("spleen", {"Lu-177": 30e-9}) == ()
    assert effective_half_life_findings("kidneys", "Lu-177", HOUR.to_core(51.0)) == ()


def test_that_values_outside_the_bands_of_methods_11_are() -> None:
    for organ, nuclide, value in (
        ("kidneys", "Lu-177", 0.19e-9),
        ("kidneys", "Lu-177", 1.31e-9),
        ("kidneys", "Y-90", 6.1e-9),
        ("red_marrow", "Lu-177", 0.11e-9),
        ("red_marrow", "Y-90", 0.019e-9),
    ):
        (finding,) = dose_per_activity_findings(organ, {nuclide: value}, place="cycle 1")
        assert (finding.code, finding.level, finding.place) == ("dose-per-activity-unusual", "warning", "cycle 1")
    (finding,) = effective_half_life_findings("kidneys", "Lu-177", HOUR.to_core(95.0))
    assert "95.00 h" in finding.text


def test_that_an_unlikely_ratio_of_the_nuclides_is_remarked_on() -> None:
    (finding,) = dose_per_activity_findings("kidneys", {"Lu-177": 0.5e-9, "Y-90": 3.5e-9})
    assert finding.code == "nuclide-ratio-unusual"


def test_that_a_change_by_more_than_two_since_the_last_cycle_is_remarked_on() -> None:
    (finding,) = change_findings("kidneys", {"Lu-177": 1.0e-9, "Y-90": 4e-9}, {"Lu-177": 0.4e-9})
    assert finding.code == "dose-per-activity-changed"
    assert change_findings("kidneys", {"Lu-177": 0.8e-9}, {"Lu-177": 0.4e-9}) == ()


def test_that_kidneys_more_than_a_quarter_apart_are_remarked_on() -> None:
    assert kidney_sides_findings(3.5, 4.4) == ()
    assert kidney_sides_findings(3.5, 4.6)[0].code == "kidneys-differ"
