"""Rigid alignment of the time points of a cycle."""

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
    "nudged",
    "register_rigid_ct",
    "register_rigid_spect",
    "register_time_points",
]
