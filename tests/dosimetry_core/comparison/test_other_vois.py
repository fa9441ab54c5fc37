"""VOIs of another system beside ours: who is matched with whom, what is shared, and the dose in both outlines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.comparison.dose_maps import voxel_doses_of
from dosimetry_core.comparison.other_vois import compare_vois
from dosimetry_core.dicom.vois import VoiReading, read_vois
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import evaluate
from dosimetry_core.voi import FULL_COVERAGE, Role, Voi, VoiMask
from tests.dosimetry_core.comparison.foreign import evaluated, other_structure_set, with_scan_in_own_frame


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return evaluated(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def cycle(evaluation: Evaluation) -> CycleResult:
    return evaluation.cycles[0]


def own(cycle: CycleResult, name: str) -> Voi:
    return next(voi for voi in cycle.cycle.vois if voi.name == name)


def as_read(*vois: Voi, scan: int = 0) -> VoiReading:
    return VoiReading(vois, scan, (), ())


def test_that_a_structure_set_moved_by_two_voxels_shares_four_fifths(cycle: CycleResult, tmp_path: Path) -> None:
    path = other_structure_set(
        tmp_path / "rs.dcm", {"Kidney L": "Niere links", "Kidney R": "Right kidney"}, shift_mm=8.0
    )
    read = read_vois([path], time_points=cycle.cycle.time_points)
    found = compare_vois(cycle, read, where="rs.dcm")
    assert {name: (pair.other_name, pair.matched_by) for name, pair in found.pairs.items()} == {
        "Kidney L": ("Niere links", "organ"),
        "Kidney R": ("Right kidney", "organ"),
    }
    for pair in found.pairs.values():
        # Boxes of 40 mm (10 voxels of 4 mm) along x, moved by 8 mm.
        assert pair.agreement.dice == pytest.approx(0.8, rel=1e-9)
        assert pair.agreement.centroid_distance_mm == pytest.approx(8.0, abs=1e-9)
        assert pair.agreement.hausdorff_mm == pytest.approx(8.0, abs=1e-9)
        assert pair.agreement.own_volume_ml == pytest.approx(pair.agreement.other_volume_ml, rel=1e-9)
    assert (found.own_only, found.other_only, found.placed_by, found.without_dose) == ((), (), None, "")


def test_that_the_same_outline_receives_the_same_dose(cycle: CycleResult, tmp_path: Path) -> None:
    path = other_structure_set(tmp_path / "rs.dcm", {"Kidney L": "KIDNEY l", "Kidney R": "kidney r"})
    found = compare_vois(cycle, read_vois([path], time_points=cycle.cycle.time_points), where="rs.dcm")
    for pair in found.pairs.values():
        assert pair.matched_by == "name"
        assert pair.agreement.dice == 1.0
        assert pair.own_dose is not None
        assert pair.other_dose is not None
        # Ours is taken on split voxels, the other on the map's own: the same volume, the same doses to rounding.
        assert pair.other_dose.mean_gy == pytest.approx(pair.own_dose.mean_gy, rel=1e-3)
        assert pair.other_dose.total_volume_ml == pytest.approx(pair.own_dose.total_volume_ml, rel=1e-3)
        assert pair.other_dose.d2_gy == pytest.approx(pair.own_dose.d2_gy, rel=0.01)


def test_that_the_mean_dose_of_an_outline_is_the_mean_of_the_map_over_it(cycle: CycleResult) -> None:
    kidney = own(cycle, "Kidney L")
    start, size = kidney.mask.start, kidney.mask.coverage.shape
    half = VoiMask(kidney.mask.geometry, start, np.full((size[0], size[1], size[2] // 2), FULL_COVERAGE, np.uint8))
    found = compare_vois(cycle, as_read(replace(kidney, mask=half)), where="x", nuclide="Lu-177").pairs["Kidney L"]
    dose = voxel_doses_of(cycle).maps["Lu-177"].absorbed_dose
    # Independently: points of a fine lattice in the half box, each with the dose of the voxel it lies in.
    fine = np.stack(
        np.meshgrid(
            *[
                start[axis] - 0.5 + (np.arange(20 * n) + 0.5) / 20
                for axis, n in enumerate((size[0], size[1], size[2] // 2))
            ],
            indexing="ij",
        )
    ).reshape(3, -1)[:, ::7]
    index = np.rint(dose.geometry.point_to_index(kidney.mask.geometry.index_to_point(fine.T))).astype(int)
    expected = float(dose.values[index[:, 0], index[:, 1], index[:, 2]].mean())
    assert found.other_dose is not None
    assert found.other_dose.mean_gy == pytest.approx(expected, rel=2e-3)
    assert found.mean_dose_difference == pytest.approx(
        found.other_dose.mean_gy / found.own_dose.mean_gy - 1 if found.own_dose else None
    )


def test_that_a_voi_of_another_name_is_matched_by_what_it_covers_and_that_is_said(cycle: CycleResult) -> None:
    renamed = [
        replace(own(cycle, name), name=other, role="other", voi_id=other)
        for name, other in (("Kidney L", "ROI 7"), ("Kidney R", "ROI 3"))
    ]
    found = compare_vois(cycle, as_read(*renamed), where="x")
    assert {name: (one.other_name, one.matched_by) for name, one in found.pairs.items()} == {
        "Kidney L": ("ROI 7", "overlap"),
        "Kidney R": ("ROI 3", "overlap"),
    }
    only = compare_vois(cycle, as_read(renamed[0]), where="x")
    assert (list(only.pairs), only.own_only) == (["Kidney L"], ("Kidney R",))


def test_that_an_organ_is_no_counterpart_of_its_neighbour(cycle: CycleResult) -> None:
    kidney = own(cycle, "Kidney L")
    spleen = replace(kidney, name="Spleen", role="spleen", voi_id="spleen")
    found = compare_vois(cycle, as_read(spleen), where="x")
    assert not found.pairs
    assert found.other_only == ("Spleen",)


def test_that_what_covers_nothing_of_ours_is_left_alone(cycle: CycleResult) -> None:
    kidney = own(cycle, "Kidney L")
    role: Role = "lesion"
    aside = replace(
        kidney,
        name="Lesion 9",
        role=role,
        mask=VoiMask(kidney.mask.geometry, (0, 0, 0), np.full((2, 2, 2), FULL_COVERAGE, np.uint8)),
    )
    found = compare_vois(cycle, as_read(kidney, replace(aside, voi_id="aside")), where="x")
    assert (found.own_only, found.other_only) == (("Kidney R",), ("Lesion 9",))


def test_that_vois_on_another_scan_are_placed_by_its_registration(cycle: CycleResult) -> None:
    # A whole number of voxels of 4 mm: what comes back is the very same mask.
    motion = RigidTransform(np.eye(3), np.array([8.0, -4.0, 4.0]))
    moved = with_scan_in_own_frame(cycle, 2, "1.2.9", motion)
    kidney = own(cycle, "Kidney L")
    grid = kidney.mask.geometry
    shift = np.rint(grid.point_to_index(grid.index_to_point((0, 0, 0)) + motion.translation_mm)).astype(int)
    start = tuple(int(a + b) for a, b in zip(kidney.mask.start, shift, strict=True))
    there = replace(kidney, mask=VoiMask(grid, (start[0], start[1], start[2]), kidney.mask.coverage))
    found = compare_vois(moved, as_read(there, scan=2), where="x")
    assert found.placed_by == 3
    assert found.pairs["Kidney L"].agreement.dice == pytest.approx(1.0, abs=1e-6)
    assert found.pairs["Kidney L"].agreement.centroid_distance_mm == pytest.approx(0.0, abs=1e-6)
    assert found.findings == ()
    # On the scan's first slices it leaves our grid with one of its slices, is cut there, and that is said.
    low = replace(there, mask=VoiMask(grid, (0, start[1], start[2]), kidney.mask.coverage))
    (finding,) = compare_vois(moved, as_read(low, scan=2), where="x").findings
    assert f"{1 / kidney.mask.coverage.shape[0]:.1%} of its" in finding.text
    points = list(moved.cycle.time_points)
    points[2] = replace(points[2], registration=replace(points[2].registration, method="none"))
    bare = replace(moved, cycle=replace(moved.cycle, time_points=tuple(points)))
    with pytest.raises(DosimetryError, match="not registered"):
        compare_vois(bare, as_read(there, scan=2), where="x")


def test_that_outlines_are_compared_without_doses_where_there_are_none(evaluation: Evaluation) -> None:
    plain = evaluate(replace(evaluation.case, settings=replace(evaluation.case.settings, voxel_s_values_beside=False)))
    result = plain.cycles[0]
    found = compare_vois(result, as_read(own(result, "Kidney L")), where="x")
    assert found.pairs["Kidney L"].agreement.dice == 1.0
    assert found.pairs["Kidney L"].own_dose is None
    assert "no voxel doses" in found.without_dose


def test_that_a_cycle_without_vois_and_an_unknown_nuclide_are_refused(cycle: CycleResult) -> None:
    kidney = own(cycle, "Kidney L")
    with pytest.raises(DosimetryError, match="no VOIs to compare with"):
        compare_vois(replace(cycle, cycle=replace(cycle.cycle, vois=())), as_read(kidney), where="x")
    with pytest.raises(DosimetryError, match="no dose map of Y-90"):
        compare_vois(cycle, as_read(kidney), where="x", nuclide="Y-90")
