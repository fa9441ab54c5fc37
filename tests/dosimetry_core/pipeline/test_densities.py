"""Where a VOI's density comes from: stated by role, or the CT, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.case import Case, Course, Cycle, Patient, Settings
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline.densities import voi_densities
from dosimetry_core.quantification import measure_cycle
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import START, Body, cycle_of, grid, series, spect_concentration, vois
from tests.small_study import CASE


@pytest.fixture(scope="module")
def cycle() -> Cycle:
    body, still = Body(), RigidTransform.identity()
    geometry = grid((24, 30, 40), (9.0, 9.0, 9.0))
    concentration = spect_concentration(body, geometry, still, 9.0, parts_per_voxel=1)
    drawn = vois(body, grid((50, 60, 80), (4.0, 4.0, 4.0)))
    return cycle_of([concentration], geometry, [still], drawn)


def with_ct(cycle: Cycle, hu: float) -> Cycle:
    geometry = cycle.vois[0].mask.geometry
    volume = Volume(np.full(geometry.shape, hu, np.int16), geometry, "ct_number_hu")
    ct = series("ct", volume, frame="0", start=START, manufacturer="Maker One", tube_voltage_kv=120.0)
    return replace(cycle, time_points=(replace(cycle.time_points[0], ct=ct),))


def densities(cycle: Cycle, *roles: str) -> dict[str, tuple[float | None, list[str]]]:
    case = Case(Patient("P", "P", "F", "UTC"), Course("duonen-d"), (cycle,), Settings(density_from_ct=roles))
    found = voi_densities(case, cycle, measure_cycle(cycle))
    return {name: (one.density_g_per_ml, [f.code for f in one.findings]) for name, one in found.items()}


def test_that_the_ct_is_followed_only_where_it_is_asked(cycle: Cycle) -> None:
    found = densities(with_ct(cycle, 30), "kidneys")
    assert found["kidney left"][0] == pytest.approx(1.03, abs=1e-6)
    assert found["kidney left"][1] == ["density-curve-default", "density-from-ct"]
    assert found["liver"] == (1.06, [])


def test_that_contrast_agent_makes_no_kidney_heavier(cycle: Cycle) -> None:
    assert densities(with_ct(cycle, 180), "kidneys")["kidney left"] == (
        1.05,
        ["density-curve-default", "density-not-from-ct"],
    )


def test_that_without_a_ct_the_stated_density_is_used_and_said(cycle: Cycle) -> None:
    assert densities(cycle, "lesion")["lesion"] == (1.04, ["density-not-from-ct"])


CURVE = """
[settings]
density_from_ct = ["kidneys"]
[[settings.density_curve]]
name = "Scanner A"
source = "tissue inserts, 2025-02-03"
scanner = "Maker One"
tube_voltage_kv = 120
points = [[-1000, 0.0], [0, 1.0], [1000, 1.6]]
[[cycle]]
"""


def test_that_a_curve_of_the_case_file_is_read(tmp_path: Path, cycle: Cycle) -> None:
    (tmp_path / "case.toml").write_text(CASE.replace("[[cycle]]\n", CURVE.lstrip(), 1), "utf-8")
    settings = read_case(tmp_path).settings
    (curve,) = settings.density_curves
    assert (curve.name, curve.tube_voltage_kv, curve.points[-1]) == ("Scanner A", 120.0, (1000.0, 1.6))
    shown = with_ct(cycle, 50)
    case = Case(Patient("P", "P", "F", "UTC"), Course("duonen-d"), (shown,), settings)
    assert voi_densities(case, shown, measure_cycle(shown))["kidney left"].density_g_per_ml == pytest.approx(1.03)


@pytest.mark.parametrize("points", ["[[0, 1.0]]", "[[0, 1.0], [10, 0.9]]", '[["a", 1.0], [10, 1.1]]', "5"])
def test_that_points_that_make_no_curve_are_refused(tmp_path: Path, points: str) -> None:
    text = CURVE.lstrip().replace("[[-1000, 0.0], [0, 1.0], [1000, 1.6]]", points)
    (tmp_path / "case.toml").write_text(CASE.replace("[[cycle]]\n", text, 1), "utf-8")
    with pytest.raises(DosimetryError, match="points"):
        read_case(tmp_path)
