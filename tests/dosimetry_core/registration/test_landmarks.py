"""Rigid alignment by landmarks."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.registration import fit_landmarks, register_by_landmarks

MOTION = RigidTransform.from_rotation_vector(np.deg2rad((5.0, -8.0, 20.0)), (12.0, -30.0, 45.0))
POINTS = np.array([(70, 30, -30), (-70, 35, -40), (0, 60, 20), (10, -80, 60), (-20, 10, 100)], float)


def test_that_exact_pairs_give_the_motion_and_no_residual() -> None:
    for number in (3, 5):
        fit = fit_landmarks(POINTS[:number], MOTION.apply(POINTS[:number]))
        assert fit.transform.rotation == pytest.approx(MOTION.rotation, abs=1e-12)
        assert fit.transform.translation_mm == pytest.approx(MOTION.translation_mm, abs=1e-9)
        assert fit.residual_mm == pytest.approx(0.0, abs=1e-9)


def test_that_a_mirror_image_is_not_followed() -> None:
    fit = fit_landmarks(POINTS, POINTS * (-1, 1, 1))
    assert np.linalg.det(fit.transform.rotation) == pytest.approx(1.0)
    assert fit.residual_mm > 10


def test_that_the_residual_is_the_scatter_of_a_pair() -> None:
    generator = np.random.default_rng(4)
    found = [
        fit_landmarks(POINTS, MOTION.apply(POINTS) + generator.normal(0, 1.5, POINTS.shape)).residual_mm ** 2
        for _ in range(400)
    ]
    # A pair scatters by √3 · 1.5 mm; 400 draws of 9 degrees of freedom tell the variance to 2.4 %.
    assert np.mean(found) == pytest.approx(3 * 1.5**2, rel=0.1)


def test_that_too_few_or_lined_up_landmarks_are_refused() -> None:
    with pytest.raises(MissingDataError, match="2 pairs"):
        fit_landmarks(POINTS[:2], POINTS[:2], where="time point 2")
    line = np.array([(0, 0, 0), (0, 0, 50), (1, 0, 100)], float)
    with pytest.raises(InconsistentCaseError, match="one line"):
        fit_landmarks(line, line)


def test_that_a_pair_set_wrong_is_named() -> None:
    moved = MOTION.apply(POINTS)
    moved[3] += (0, 0, 25)
    registration = register_by_landmarks(list(zip(POINTS, moved, strict=True)), where="time point 3")
    assert registration.method == "landmarks"
    assert [finding.code for finding in registration.findings] == ["registration-residual"]
    assert "pair 4" in registration.findings[0].text
    assert register_by_landmarks(list(zip(POINTS, MOTION.apply(POINTS), strict=True))).findings == ()
