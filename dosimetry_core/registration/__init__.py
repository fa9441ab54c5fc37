"""Rigid alignment of the time points of a cycle."""

from dosimetry_core.registration.adjustments import confirmed, moved_on_reference, voi_motion_of, with_voi_motions
from dosimetry_core.registration.landmarks import LandmarkFit, fit_landmarks, register_by_landmarks
from dosimetry_core.registration.resampling import Resampled, resampled
from dosimetry_core.registration.time_points import (
    CORRELATION_REFUSED,
    OVERLAP_REMARKABLE_SHARE,
    RESIDUAL_REMARKABLE_MM,
    nudged,
    register_rigid_ct,
    register_rigid_spect,
    register_time_points,
)

__all__ = [
    "CORRELATION_REFUSED",
    "OVERLAP_REMARKABLE_SHARE",
    "RESIDUAL_REMARKABLE_MM",
    "LandmarkFit",
    "Resampled",
    "confirmed",
    "fit_landmarks",
    "moved_on_reference",
    "nudged",
    "register_by_landmarks",
    "register_rigid_ct",
    "register_rigid_spect",
    "register_time_points",
    "resampled",
    "voi_motion_of",
    "with_voi_motions",
]
