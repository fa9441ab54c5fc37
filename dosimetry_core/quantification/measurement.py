"""What a measured cycle consists of: scans, VOIs, and their activities."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from dosimetry_core.calibration import CalibratedImage
from dosimetry_core.case import Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.exclusive_vois import ExclusiveVois
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import TimePoint
from dosimetry_core.partial_volume.image_noise import ImageNoise
from dosimetry_core.partial_volume.transfer_matrix import RegionConcentrations, ScanRegions
from dosimetry_core.quantification.container import ContainerOnScan
from dosimetry_core.registration.uptake_position import UptakePosition
from dosimetry_core.voi import Voi, VoiMask

Positions = Literal["computed", "held"]
"""``held``, while something is edited: kidneys' positions of before stand, and those of edited VOIs are pending. They
make findings, no numbers."""


@dataclass(frozen=True, eq=False)
class TimePointMeasurement:
    """What one scan says about the whole field of view, and what the VOI values were computed from."""

    time_point: TimePoint
    nuclide: str
    acquisition_start: datetime
    time_after_administration_s: float
    """From the middle of the infusion of the cycle's first-listed nuclide to the start of the scan."""
    time_after_own_administration_s: float
    """The same for the nuclide that was imaged: time zero of its curves."""
    field_of_view_activity_bq: float
    field_of_view_fraction: float
    """Activity in the field of view over the administered activity, both at the acquisition start."""
    image: CalibratedImage
    regions: ScanRegions
    concentrations: RegionConcentrations | None
    """None without the geometric transfer matrix."""
    noise: ImageNoise | None
    condition_number: float | None
    containers: FrozenMap[str, ContainerOnScan]
    """VOIs that hold others besides lesions, by voi_id."""
    findings: tuple[Finding, ...] = ()
    positions: FrozenMap[str, UptakePosition | None] = field(default_factory=FrozenMap)
    """Where the uptake of each kidney VOI lies against it, by voi_id; None where the image can't tell."""
    own_exclusive: ExclusiveVois | None = None
    """VOIs without common volume on this scan, where some were drawn anew on it; None: those of the cycle."""
    positions_pending: frozenset[str] = frozenset()
    """VOIs edited since their position was looked for: ``positions`` has that of before the edit."""


def _none() -> FloatArray:
    return read_only(np.zeros(0))


@dataclass(frozen=True, eq=False)
class VoiMeasurement:
    """Activity of one VOI, without the VOIs it encloses; arrays have one entry per time point, in the scans' order.

    Parameters
    ----------
    exclusive_mask
        What belongs to this VOI alone; for a container (body outline, remainder) its own whole mask.
    volume_ml, volume_with_enclosed_ml
        Of the VOI alone, and with enclosed VOIs.
    volume_by_time_point_ml
        Of the VOI alone on each scan: ``volume_ml`` but where it was drawn anew. The activity is that inside.
    enclosed
        voi_ids of the VOIs inside.
    activity_bq
        At each scan's start, corrected for partial volume.
    uncorrected_activity_bq
        The same before the partial-volume correction.
    partial_volume_factor
        What the correction multiplied it by; NaN where there was nothing to multiply.
    random_standard_uncertainty_bq
        Independent from scan to scan: image noise and registration. None if the VOIs are too small to tell.
    registration_standard_uncertainty_bq
        The part of it by registration; empty where the other is None.
    calibration_relative_standard_uncertainty
        Common to all scans and VOIs; None if the case doesn't state it.
    recovery_relative_standard_uncertainty
        Common to all scans: resolution or recovery curve, surroundings, non-uniform uptake. None without a correction;
        0 for a container, which needs none.
    volume_relative_standard_uncertainty
        Of the outline.
    activity_volume_sensitivity
        d ln A/d ln V: how the activity follows an outline drawn too large.
    fraction_outside
        Share of the volume outside each scan's field of view; the mean inside stands for it.
    failure
        Why there are no activities; then the arrays are empty.
    """

    voi: Voi
    exclusive_mask: VoiMask
    volume_ml: float
    volume_with_enclosed_ml: float
    enclosed: tuple[str, ...]
    nuclide: str | None = None
    activity_bq: FloatArray = field(default_factory=_none)
    uncorrected_activity_bq: FloatArray = field(default_factory=_none)
    partial_volume_factor: FloatArray = field(default_factory=_none)
    random_standard_uncertainty_bq: FloatArray | None = None
    registration_standard_uncertainty_bq: FloatArray = field(default_factory=_none)
    activity_with_enclosed_bq: FloatArray = field(default_factory=_none)
    calibration_relative_standard_uncertainty: float | None = None
    recovery_relative_standard_uncertainty: float | None = None
    volume_relative_standard_uncertainty: float | None = None
    activity_volume_sensitivity: float = 0.0
    fraction_outside: FloatArray = field(default_factory=_none)
    failure: str | None = None
    findings: tuple[Finding, ...] = ()
    volume_by_time_point_ml: FloatArray = field(default_factory=_none)


@dataclass(frozen=True, eq=False)
class CycleMeasurement:
    """All scans and VOIs of one cycle; ``vois`` by VOI name."""

    cycle: Cycle
    time_points: tuple[TimePointMeasurement, ...]
    vois: FrozenMap[str, VoiMeasurement]
    exclusive: ExclusiveVois
    findings: tuple[Finding, ...]

    @property
    def positions_pending(self) -> bool:
        """Whether positions of kidneys are still to be looked for."""
        return any(scan.positions_pending for scan in self.time_points)
