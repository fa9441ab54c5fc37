"""VOIs that were shifted or drawn anew on one scan, and the record of who looked."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dosimetry_core.case import Cycle
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import TimePoint
from dosimetry_core.quantification import measure_cycle
from dosimetry_core.scan_vois import (
    as_propagated,
    displacement_on_scan_mm,
    mask_on_scan,
    placed_mask,
    review_on,
    with_redrawn,
    with_review,
    with_shift,
)
from dosimetry_core.voi import Voi, VoiMask
from tests.dosimetry_core.bodies import START, Body, cycle_of, ellipsoid, grid, points_of, spect_concentration, vois

FWHM_MM = 9.0
REFERENCE = grid((64, 110, 140), (4.0, 2.2, 2.2), (0.0, 10.0, 10.0))
SCAN = grid((52, 45, 60), (6.0, 6.0, 6.0), (2.2, 7.7, 9.1))
TURNED = RigidTransform.from_rotation_vector((0.04, -0.05, 0.07), (6.0, -5.0, 8.0))
SHIFT_MM = (4.0, -3.0, -12.0)
LARGER_MM = 20.0


@dataclass(frozen=True)
class LaterBody(Body):
    """The same body at another scan: the left kidney lies elsewhere and the lesion has grown."""

    def parts(self, p):
        parts = super().parts(p)
        parts["kidney left"] = super().parts(p - np.array(SHIFT_MM))["kidney left"]
        parts["lesion"] = ellipsoid(p, (-70, -25, 60), (LARGER_MM, LARGER_MM, LARGER_MM))
        return parts


@functools.cache
def _cycle() -> Cycle:
    images = [
        spect_concentration(body, SCAN, position, FWHM_MM)
        for body, position in ((Body(), RigidTransform.identity()), (LaterBody(), TURNED))
    ]
    return cycle_of(images, SCAN, [RigidTransform.identity(), TURNED], vois(Body(), REFERENCE), residual_mm=0.3)


@functools.cache
def _measured():
    return measure_cycle(_cycle())


def _voi(name: str) -> Voi:
    return next(voi for voi in _cycle().vois if voi.name == name)


def _with_second(point: TimePoint) -> Cycle:
    return replace(_cycle(), time_points=(_cycle().time_points[0], point))


def _larger_lesion() -> VoiMask:
    inside = ellipsoid(points_of(REFERENCE), (-70, -25, 60), (LARGER_MM, LARGER_MM, LARGER_MM))
    return VoiMask.from_array(REFERENCE, inside)


def test_that_a_voi_drawn_anew_on_a_scan_brings_its_activity_there_and_keeps_its_mass() -> None:
    lesion = _voi("lesion")
    drawn = _larger_lesion()
    point = with_redrawn(_cycle().time_points[1], lesion, drawn, "grew between the scans", by="A. Nowak")
    before, after = _measured().vois["lesion"], measure_cycle(_with_second(point)).vois["lesion"]
    true = 2e6 * drawn.volume_ml
    # Inside the outline of the first scan lies less than a third of the grown lesion.
    assert before.activity_bq[1] < 0.6 * true
    assert after.activity_bq[1] == pytest.approx(true, rel=0.03)
    assert after.activity_bq[0] == before.activity_bq[0]
    assert after.volume_ml == before.volume_ml
    assert after.volume_by_time_point_ml == pytest.approx([before.volume_ml, drawn.volume_ml])
    assert after.partial_volume_factor == pytest.approx(after.activity_bq / after.uncorrected_activity_bq)


def test_that_what_holds_a_voi_drawn_anew_gives_it_the_room() -> None:
    point = with_redrawn(_cycle().time_points[1], _voi("lesion"), _larger_lesion(), "grew")
    liver = measure_cycle(_with_second(point)).vois["liver"]
    taken = _larger_lesion().volume_ml - _voi("lesion").mask.volume_ml
    assert liver.volume_by_time_point_ml[0] - liver.volume_by_time_point_ml[1] == pytest.approx(taken, rel=0.02)
    true = 2.5e5 * liver.volume_by_time_point_ml[1]
    assert liver.activity_bq[1] == pytest.approx(true, rel=0.02)
    # Without the new shape a part of the lesion counts as liver.
    assert _measured().vois["liver"].activity_bq[1] > 1.1 * true


def test_that_a_shift_on_one_scan_brings_the_activity_back() -> None:
    kidney = _voi("kidney left")
    point = with_shift(_cycle().time_points[1], kidney, SHIFT_MM, "breathing", by="A. Nowak")
    true = 1e6 * kidney.mask.volume_ml
    assert _measured().vois["kidney left"].activity_bq[1] < 0.9 * true
    after = measure_cycle(_with_second(point))
    assert after.vois["kidney left"].activity_bq[1] == pytest.approx(true, rel=0.03)
    moved = next(finding for finding in after.findings if finding.code == "voi-moved")
    assert "breathing" in moved.text
    assert "A. Nowak" in moved.text


def test_that_measuring_again_gives_the_very_numbers_of_a_new_measurement() -> None:
    point = with_redrawn(_cycle().time_points[1], _voi("lesion"), _larger_lesion(), "grew")
    point = with_shift(point, _voi("kidney left"), SHIFT_MM, "breathing")
    cycle = _with_second(point)
    anew, again = measure_cycle(cycle), measure_cycle(cycle, previous=_measured())
    for name, voi in anew.vois.items():
        assert again.vois[name].activity_bq == pytest.approx(voi.activity_bq, rel=1e-9)
    back = measure_cycle(_cycle(), previous=anew)
    for name, voi in _measured().vois.items():
        assert back.vois[name].activity_bq == pytest.approx(voi.activity_bq, rel=1e-9)
        assert back.vois[name].volume_by_time_point_ml == pytest.approx(voi.volume_by_time_point_ml)


def test_that_shifts_add_up_and_a_shift_back_leaves_nothing() -> None:
    kidney, first = _voi("kidney left"), _cycle().time_points[1]
    twice = with_shift(with_shift(first, kidney, (1.0, 2.0, 3.0), "a"), kidney, (3.0, -5.0, -15.0), "b")
    once = with_shift(first, kidney, SHIFT_MM, "b")
    motion, other = (p.registration.voi_motions[kidney.voi_id] for p in (twice, once))
    assert motion.displacement_mm == pytest.approx(other.displacement_mm)
    # A shift as seen on the reference grid, in the patient axes of the turned scan.
    assert motion.displacement_mm == pytest.approx(tuple(TURNED.rotation @ np.array(SHIFT_MM)))
    assert displacement_on_scan_mm(kidney, twice) == pytest.approx(motion.displacement_mm)
    back = with_shift(twice, kidney, tuple(-value for value in SHIFT_MM), "c")
    assert kidney.voi_id not in back.registration.voi_motions
    assert first.registration.transform is twice.registration.transform


def test_that_a_shifted_voi_is_shown_where_it_is_measured() -> None:
    kidney = _voi("kidney left")
    voxels = np.array([2.0, -1.0, -3.0]) * REFERENCE.spacing_mm[::-1]
    point = with_shift(_cycle().time_points[1], kidney, voxels, "breathing")
    shown = placed_mask(kidney, point)
    assert shown.centroid_mm() - kidney.mask.centroid_mm() == pytest.approx(voxels, abs=1e-6)
    assert shown.volume_ml == pytest.approx(kidney.mask.volume_ml, rel=1e-9)
    # Measured with that mask instead of the motion, the activity is the same but for what neighbours claim: a motion
    # leaves to each VOI what it had of its own.
    drawn = with_redrawn(_cycle().time_points[1], kidney, shown, "as shown")
    one = measure_cycle(_with_second(point)).vois["kidney left"].activity_bq[1]
    other = measure_cycle(_with_second(drawn)).vois["kidney left"].activity_bq[1]
    assert other == pytest.approx(one, rel=2e-3)


def test_that_a_voi_that_follows_the_registration_again_is_as_before() -> None:
    lesion, first = _voi("lesion"), _cycle().time_points[1]
    point = with_shift(with_redrawn(first, lesion, _larger_lesion(), "grew"), lesion, (1.0, 0.0, 0.0), "and moved")
    back = as_propagated(point, lesion.voi_id)
    assert mask_on_scan(lesion, back) is lesion.mask
    assert not back.registration.voi_motions
    assert as_propagated(back, lesion.voi_id) is back


def test_that_no_voi_is_moved_or_redrawn_without_a_reason_or_out_of_the_image() -> None:
    lesion, point = _voi("lesion"), _cycle().time_points[1]
    with pytest.raises(MissingDataError):
        with_shift(point, lesion, (1.0, 0.0, 0.0), "  ")
    with pytest.raises(MissingDataError):
        with_redrawn(point, lesion, lesion.mask, "")
    with pytest.raises(InconsistentCaseError):
        with_redrawn(point, lesion, VoiMask.from_array(SCAN, np.ones(SCAN.shape)), "another grid")
    far = with_shift(point, lesion, (0.0, 0.0, 400.0), "far away")
    with pytest.raises(InconsistentCaseError, match="leave the grid"):
        placed_mask(lesion, far)


def test_that_a_new_shape_that_holds_another_organ_is_refused() -> None:
    kidney = _voi("kidney left")
    whole = VoiMask.from_array(REFERENCE, ellipsoid(points_of(REFERENCE), (85, 35, 10), (70, 70, 110)))
    with pytest.raises(InconsistentCaseError, match="kidney left"):
        measure_cycle(_with_second(with_redrawn(_cycle().time_points[1], kidney, whole, "too much")))


def test_that_a_large_change_of_volume_is_a_warning_with_the_reason() -> None:
    lesion, point = _voi("lesion"), _cycle().time_points[1]
    same = measure_cycle(_with_second(with_redrawn(point, lesion, lesion.mask, "checked")))
    other = measure_cycle(_with_second(with_redrawn(point, lesion, _larger_lesion(), "grew")))
    levels = [next(f for f in measured.findings if f.code == "voi-redrawn").level for measured in (same, other)]
    assert levels == ["info", "warning"]
    text = next(f for f in other.findings if f.code == "voi-redrawn").text
    assert "grew" in text


def test_that_a_review_holds_until_the_voi_lies_elsewhere() -> None:
    lesion, first = _voi("lesion"), _cycle().time_points[1]
    seen = with_review(first, lesion, "A. Nowak", START)
    review = review_on(seen, lesion)
    assert review is not None
    assert (review.reviewed_by, review.reviewed_at) == ("A. Nowak", START)
    assert with_review(seen, lesion, "B. Other", START) is seen
    painted = replace(lesion, mask=_larger_lesion())
    assert review_on(seen, painted) is None
    assert review_on(with_shift(seen, lesion, (1.0, 0.0, 0.0), "moved"), lesion) is None
    aligned = replace(seen, registration=replace(seen.registration, transform=RigidTransform.identity()))
    assert review_on(aligned, lesion) is None
    with pytest.raises(ValueError, match="name"):
        with_review(first, lesion, " ", START)


def test_that_scans_on_which_nobody_looked_are_named_once_somebody_began() -> None:
    def unreviewed(cycle: Cycle) -> list[str]:
        return [f.text for f in measure_cycle(cycle, previous=_measured()).findings if f.code == "voi-not-reviewed"]

    assert unreviewed(_cycle()) == []
    points = list(_cycle().time_points)
    points[1] = with_review(points[1], _voi("lesion"), "A. Nowak", START)
    (text,) = unreviewed(replace(_cycle(), time_points=tuple(points)))
    assert "lesion (time point 1)" in text
    assert "liver (time points 1, 2)" in text
    for voi in _cycle().vois:
        points = [with_review(point, voi, "A. Nowak", START) for point in points]
    assert unreviewed(replace(_cycle(), time_points=tuple(points))) == []
