"""Rigid alignment by pairs of landmarks: least squares, with what is left of each pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dosimetry_core.errors import Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.units import MILLIMETRE

FEWEST_LANDMARKS = 3
LANDMARK_RESIDUAL_REMARKABLE_MM = 3.0
"""As of any registration: a kidney then loses more than 2 %."""
# Landmarks on a line leave the turn about it open: the smaller extent across must be at least this.
_SMALLEST_ACROSS_MM = 5.0


@dataclass(frozen=True, eq=False)
class LandmarkFit:
    """A rigid transform from pairs of points.

    Parameters
    ----------
    transform
        From the first points to the second.
    distances_mm
        Of each pair after the transform, shape (pairs,).
    residual_mm
        How far the two points of a pair scatter, the degrees of freedom that the fit used up counted:
        √(Σ d² / (n − 2)); three pairs give little proof.
    """

    transform: RigidTransform
    distances_mm: FloatArray
    residual_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "distances_mm", read_only(self.distances_mm))


def fit_landmarks(reference_mm: ArrayLike, moving_mm: ArrayLike, *, where: str = "") -> LandmarkFit:
    """Rotation and translation that take landmarks of the reference to those of a scan with the least squares.

    Parameters
    ----------
    reference_mm, moving_mm
        Shape (n, 3), the same landmarks in the same order, each in its own patient system.

    Raises
    ------
    MissingDataError
        With fewer than three pairs.
    InconsistentCaseError
        If the landmarks lie on one line, so that the turn about it is open.

    Notes
    -----
    Closed form by the singular value decomposition of the cross-covariance, without mirroring (Arun et al. 1987,
    doi:10.1109/TPAMI.1987.4767965; Umeyama 1991, doi:10.1109/34.88573). Each pair brings 3 numbers, the motion takes 6,
    so the variance per pair is Σ d² / (n − 2).
    """
    first, second = np.asarray(reference_mm, dtype=np.float64), np.asarray(moving_mm, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 2 or first.shape[1] != 3:
        raise ValueError("landmarks must come in pairs of (x, y, z)")
    if len(first) < FEWEST_LANDMARKS:
        raise MissingDataError(
            f"{len(first)} pairs of landmarks leave the motion open",
            where=where,
            remedy=f"set at least {FEWEST_LANDMARKS} pairs that are not on one line",
        )
    own, other = first - first.mean(axis=0), second - second.mean(axis=0)
    for points in (own, other):
        extents = np.linalg.svd(points, compute_uv=False) / math.sqrt(len(points))
        if extents[1] < _SMALLEST_ACROSS_MM:
            raise InconsistentCaseError(
                "the landmarks lie nearly on one line, so the turn about it is open",
                where=where,
                remedy="add a landmark to the side of the others",
            )
    u, _, v = np.linalg.svd(own.T @ other)
    sign = np.sign(np.linalg.det(v.T @ u.T))
    rotation = v.T @ np.diag([1.0, 1.0, sign]) @ u.T
    transform = RigidTransform(rotation, second.mean(axis=0) - rotation @ first.mean(axis=0))
    distances = np.linalg.norm(transform.apply(first) - second, axis=1)
    residual = math.sqrt(float((distances**2).sum()) / (len(first) - 2))
    return LandmarkFit(transform, distances, residual)


def register_by_landmarks(pairs: Sequence[tuple[ArrayLike, ArrayLike]], *, where: str = "") -> Registration:
    """Registration from pairs of landmarks: (point of the reference, point of the scan), each (x, y, z) in mm."""
    fit = fit_landmarks(
        np.array([np.asarray(a, dtype=np.float64) for a, _ in pairs]).reshape(-1, 3),
        np.array([np.asarray(b, dtype=np.float64) for _, b in pairs]).reshape(-1, 3),
        where=where,
    )
    findings: tuple[Finding, ...] = ()
    if fit.residual_mm > LANDMARK_RESIDUAL_REMARKABLE_MM:
        worst = int(np.argmax(fit.distances_mm))
        findings = (
            Finding(
                "registration-residual",
                "warning",
                f"The residual of {len(pairs)} pairs of landmarks is {MILLIMETRE.text(fit.residual_mm)} (up to "
                f"{MILLIMETRE.text(LANDMARK_RESIDUAL_REMARKABLE_MM)} is expected); pair {worst + 1} is furthest off, "
                f"by {MILLIMETRE.text(float(fit.distances_mm[worst]))}.",
                where,
            ),
        )
    return Registration(
        fit.transform, "landmarks", fit.residual_mm, findings, source=f"{len(pairs)} pairs of landmarks"
    )
