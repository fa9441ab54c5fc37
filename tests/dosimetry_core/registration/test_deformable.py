"""Deformable alignment: finds organs that slid, is refused where it folds, and gives rigid motions of VOIs."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.progress import Cancelled
from dosimetry_core.registration import deformable
from dosimetry_core.registration.deformable import Deformation, deformed_positions, register_deformable_ct
from tests.dosimetry_core.bodies import Body, Points, ct, ellipsoid, grid, vois

REFERENCE = grid((44, 64, 92), (5.0, 4.0, 4.0), (0.0, 0.0, -10.0))
LIES = RigidTransform.from_rotation_vector(np.deg2rad((2.0, -3.0, 4.0)), (12.0, -8.0, 15.0))
SLID_MM = (0.0, 0.0, -8.0)
KIDNEYS = [voi for voi in vois(Body(), REFERENCE) if voi.name in ("kidney left", "kidney right")]


class Fatty(Body):
    """Kidneys in fat, as they are: muscle of nearly their own density around them would hide them."""

    def ct_numbers(self, p: Points) -> NDArray[np.float64]:
        values = super().ct_numbers(p)
        for centre in ((70, 35, -35), (-68, 38, -45)):
            values[ellipsoid(p, centre, (42, 40, 70))] = -100
        parts = self.parts(p)
        values[parts["kidney left"] | parts["kidney right"]] = 30
        return values


class Slid(Fatty):
    """Kidneys moved towards the feet against everything else."""

    def parts(self, p: Points) -> dict[str, NDArray[np.bool_]]:
        moved = super().parts(p - np.array(SLID_MM))
        return {**super().parts(p), **{name: moved[name] for name in ("kidney left", "kidney right", "pelvis")}}


@functools.cache
def _found():
    one, other = ct(Fatty(), REFERENCE, RigidTransform.identity(), seed=1), ct(Slid(), REFERENCE, LIES, seed=2)
    return deformed_positions(one, other, LIES, KIDNEYS)


def test_that_kidneys_that_slid_are_followed_to_three_millimetres() -> None:
    motions, _ = _found()
    expected = LIES.rotation @ np.array(SLID_MM)
    for moved in motions.values():
        assert moved is not None
        assert moved.method == "deformable"
        # Control points every 40 mm can't follow a sliding border exactly: of 8 mm, 2 mm are left.
        assert np.linalg.norm(np.array(moved.displacement_mm) - expected) < 3.0
        assert moved.standard_uncertainty_mm is not None
        assert moved.standard_uncertainty_mm < 4.0


def test_that_the_body_is_not_folded() -> None:
    _, deformation = _found()
    assert 0 < deformation.smallest_jacobian <= 1 <= deformation.largest_jacobian


def test_that_a_known_field_gives_the_rigid_motion_of_its_voi() -> None:
    field = np.zeros((*REFERENCE.shape, 3), np.float32)
    field[...] = (3.0, -2.0, 6.0)
    deformation = Deformation(LIES, REFERENCE, field, 1.0, 1.0)
    voi = vois(Body(), REFERENCE)[0]
    moved = deformation.motion_of(voi)
    assert moved is not None
    assert moved.displacement_mm == pytest.approx(tuple(LIES.rotation @ np.array((3.0, -2.0, 6.0))), abs=1e-5)
    assert moved.standard_uncertainty_mm == pytest.approx(0.0, abs=1e-5)


def test_that_a_folding_deformation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sitk = deformable.sitk

    def folding(fixed, floating, start, progress):
        # Neighbouring control points exchange their places.
        parameters = np.array(start.GetParameters())
        parameters[: len(parameters) // 3] = np.where(np.arange(len(parameters) // 3) % 2, 120.0, -120.0)
        folded = sitk.BSplineTransform(start)
        folded.SetParameters(tuple(parameters))
        return folded

    monkeypatch.setattr(deformable, "_optimised", folding)
    image = ct(Body(), REFERENCE, RigidTransform.identity(), seed=1)
    with pytest.raises(InconsistentCaseError, match="folds the body"):
        register_deformable_ct(image, image, RigidTransform.identity(), KIDNEYS, where="time point 2")


def test_that_strong_changes_of_volume_are_a_finding() -> None:
    assert [f.code for f in deformable._findings(0.3, 1.5, "time point 2")] == ["deformation-strong"]
    assert deformable._findings(0.7, 1.5, "") == ()


def test_that_it_can_be_cancelled_within_its_steps() -> None:
    image = ct(Body(), REFERENCE, RigidTransform.identity(), seed=1)

    def stop(fraction: float, message: str) -> None:
        if "deformable" in message and fraction > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        register_deformable_ct(image, image, RigidTransform.identity(), KIDNEYS, progress=stop)
