"""Checks of the maps that a voxel dose is computed from."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dose.media import MEDIA, OUTSIDE
from dosimetry_core.errors import Finding, GeometryMismatchError, InconsistentCaseError
from dosimetry_core.volume import Volume

LOWEST_DENSITY_G_PER_ML: Final = 0.2
"""Lighter tissue is divided by the mass of this density (methods 3.2)."""
ACTIVITY_OUTSIDE_WARNING: Final = 0.01


def checked_activity(
    time_integrated_activity: Volume, density: Volume, media: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """The activity of a map as float32, once it is sure that the three maps fit each other.

    Raises
    ------
    GeometryMismatchError
        If the grids differ.
    InconsistentCaseError
        If activity or density is negative or not finite, or there is no activity or no tissue.
    """
    geometry = time_integrated_activity.geometry
    if not geometry.is_same_grid(density.geometry) or media.shape != geometry.shape:
        raise GeometryMismatchError(
            "time-integrated activity, density and media are on different grids",
            where="voxel dose",
            remedy="resample them onto one grid",
        )
    if media.dtype != np.uint8 or int(media.max()) > len(MEDIA):
        raise ValueError("media must be codes of dosimetry_core.dose.media")
    activity = np.asarray(time_integrated_activity.values, dtype=np.float32)
    densities = np.asarray(density.values)
    for name, low, high in (
        ("time-integrated activity", float(activity.min()), float(activity.max())),
        ("density", float(densities.min()), float(densities.max())),
    ):
        # Not a number in the map is neither: its least and greatest value are no numbers either.
        if not 0 <= low <= high < math.inf:
            raise InconsistentCaseError(
                f"the {name} has values from {low:g} to {high:g}", where="voxel dose", remedy="mend the map"
            )
    if not float(activity.max()) > 0:
        raise InconsistentCaseError("the map holds no activity", where="voxel dose", remedy="check the map")
    if not media.any():
        raise InconsistentCaseError("no voxel is tissue", where="voxel dose", remedy="check the densities")
    return activity


def map_findings(activity: NDArray[np.float32], density: NDArray[Any], media: NDArray[np.uint8]) -> tuple[Finding, ...]:
    """Remarks on activity outside the body and on tissue that is too light."""
    found = []
    share, tissue = 0.0, media != OUTSIDE
    if not tissue.all():
        share = 1 - float(np.sum(activity, where=tissue, dtype=np.float64) / np.sum(activity, dtype=np.float64))
    if share > ACTIVITY_OUTSIDE_WARNING:
        found.append(
            Finding(
                "activity-outside-the-body",
                "warning",
                f"{share:.1%} of the time-integrated activity lies where the density is that of air; "
                "no dose is given there",
            )
        )
    light = int(np.count_nonzero((density < LOWEST_DENSITY_G_PER_ML) & tissue))
    if light:
        found.append(
            Finding(
                "density-below-limit",
                "info",
                f"{light} voxels of tissue are lighter than {LOWEST_DENSITY_G_PER_ML} g/mL; their electron dose is "
                "that of this density",
            )
        )
    return tuple(found)
