"""SPECT shown decay-corrected: by which factor, when not, and the range of what is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.display import decay_correction, shown_spect, spect_scale
from app.probe_text import probe_text
from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import START, grid, series

GRID = grid((4, 6, 8), (5.0, 5.0, 5.0))
# ICRP Publication 107, annex A: 6.647 d and 64.10 h.
HALF_LIVES_S = {LU177: 6.647 * SECONDS_PER_DAY, Y90: 64.10 * SECONDS_PER_HOUR}
CONCENTRATION = "activity_concentration_bq_per_ml"
INFUSION_S = 1800.0


def point(value: float = 50e3, after_s: float = 0.0, quantity: str = CONCENTRATION, **facts: Any) -> TimePoint:
    known = {"nuclide": LU177, "decay_reference": "acquisition-start", **facts}
    image = series("spect", Volume(np.full(GRID.shape, value, np.float32), GRID, quantity), frame="f", **known)
    return TimePoint(replace(image, acquisition_start=START + timedelta(seconds=after_s)))


def given(name: str, infusion_s: float | None = INFUSION_S) -> Administration:
    """Its infusion has its middle, and so its time zero, at START."""
    return Administration(name, 7.4e9, START - timedelta(seconds=INFUSION_S / 2), infusion_s)


@pytest.mark.parametrize("name", [LU177, Y90])
@pytest.mark.parametrize("half_lives", [-0.01, 0.0, 1.0, 2.5])
def test_that_each_half_life_since_the_middle_of_the_infusion_doubles_what_is_shown(
    name: str, half_lives: float
) -> None:
    scan = point(after_s=half_lives * HALF_LIVES_S[name], nuclide=name)
    # The other nuclide was given a day later: a scan goes by the nuclide it shows.
    other = replace(given(Y90 if name == LU177 else LU177), start=START + timedelta(days=1))
    cycle = Cycle(1, (other, given(name)), time_points=(scan,))
    # Instants are kept to the microsecond.
    assert decay_correction(cycle, scan) == pytest.approx(2.0**half_lives, rel=1e-9)


def test_that_an_image_that_was_stored_decay_corrected_is_shown_as_it_was_stored() -> None:
    elapsed_s = 3 * SECONDS_PER_DAY
    scan = point(80e3, elapsed_s, decay_reference="administration", stated_administration_start=START)
    cycle = Cycle(1, (given(LU177),), time_points=(scan,))
    factor = decay_correction(cycle, scan)
    assert factor is not None
    value = float(shown_spect(cycle, scan.spect).volume.values[0, 0, 0])
    assert value < 80e3
    # Voxels are of single precision.
    assert value * factor == pytest.approx(80e3, rel=1e-6)


def test_that_a_scan_in_counts_is_shown_by_the_sensitivity_that_its_doses_rest_on() -> None:
    scan = point(1000.0, SECONDS_PER_DAY, "counts_per_s", decay_reference="none", counting_duration_s=1200.0)
    held = Calibration(1e-5, "clock-seconds-all-heads", sensitivity_with_yttrium_90_cps_per_bq=0.8e-5)
    voxel_ml = 0.125
    for administrations, sensitivity in (((given(LU177),), 1e-5), ((given(LU177), given(Y90)), 0.8e-5)):
        cycle = Cycle(1, administrations, time_points=(scan,), calibration=held)
        shown = float(shown_spect(cycle, scan.spect).volume.values[0, 0, 0])
        # Of what decays while it is counted more is left at the start.
        assert shown == pytest.approx(1000.0 / sensitivity / voxel_ml, rel=0.01)


def test_that_a_scan_is_shown_anew_when_what_was_given_is_entered_or_corrected() -> None:
    scan = point(80e3, 3 * SECONDS_PER_DAY, decay_reference="administration")
    later = replace(given(LU177), start=given(LU177).start + timedelta(days=1))
    shown = [
        float(shown_spect(Cycle(1, administrations, time_points=(scan,)), scan.spect).volume.values[0, 0, 0])
        for administrations in ((), (given(LU177),), (later,))
    ]
    # Such a file goes by the start of the infusion.
    since_s = [days * SECONDS_PER_DAY + INFUSION_S / 2 for days in (3, 2)]
    decay = [0.5 ** (elapsed_s / HALF_LIVES_S[LU177]) for elapsed_s in since_s]
    assert shown == pytest.approx([80e3, *(80e3 * factor for factor in decay)], rel=1e-6)


@pytest.mark.parametrize(
    ("scan", "administrations"),
    [
        (point(), ()),
        (point(), (given(Y90),)),
        (point(), (given(LU177, None),)),
        (point(nuclide=None), (given(LU177),)),
        (point(quantity="counts"), (given(LU177),)),
    ],
    ids=["nothing given", "only another nuclide given", "length of infusion", "nuclide", "sensitivity"],
)
def test_that_nothing_is_corrected_where_what_it_needs_is_not_known(
    scan: TimePoint, administrations: tuple[Administration, ...]
) -> None:
    cycle = Cycle(1, administrations, time_points=(scan,))
    assert decay_correction(cycle, scan) is None
    assert spect_scale(cycle, decay_corrected=True) == spect_scale(cycle)
    words = probe_text(cycle, scan, GRID.centre_mm())
    assert probe_text(cycle, scan, GRID.centre_mm(), decay_corrected=True) == words


def test_that_the_range_is_that_of_the_hottest_scan_as_it_is_shown() -> None:
    early, late = point(60e3), point(40e3, HALF_LIVES_S[LU177])
    cycle = Cycle(1, (given(LU177),), time_points=(early, late))
    assert spect_scale(cycle).upper == pytest.approx(60e3)
    assert spect_scale(cycle, decay_corrected=True).upper == pytest.approx(80e3)
    assert spect_scale(cycle, only=early, decay_corrected=True).upper == pytest.approx(60e3)


def test_that_the_probe_tells_the_value_at_the_scan_and_the_corrected_one() -> None:
    late = point(40e3, HALF_LIVES_S[LU177])
    cycle = Cycle(1, (given(LU177),), time_points=(late,))
    assert probe_text(cycle, late, GRID.centre_mm()).endswith("40.0 kBq/mL")
    shown = probe_text(cycle, late, GRID.centre_mm(), decay_corrected=True)
    assert shown.endswith("40.0 kBq/mL (decay-corrected 80.0)")
