"""The density that each VOI's mass is computed with: stated by role, or shown by the CT of the reference scan.

And the map of densities that its voxels are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Case, Cycle
from dosimetry_core.density_curve import DensityCurve, chosen_curve
from dosimetry_core.dose.ct_density import CONTRAST_AGENT_ABOVE_HU, voi_density
from dosimetry_core.dose.engine import DoseRegion, role_group
from dosimetry_core.dose.media import CODES, SOFT_TISSUE, medium_codes_of_density
from dosimetry_core.errors import Finding
from dosimetry_core.image import ImageSeries
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_sampling import GridCoverage, box_within, common_box


@dataclass(frozen=True)
class VoiDensity:
    """Density of a VOI, None where none is stated, and remarks on it."""

    density_g_per_ml: float | None
    findings: tuple[Finding, ...] = ()


def curve_of(case: Case, ct: ImageSeries, place: str) -> tuple[DensityCurve, tuple[Finding, ...]]:
    """The density curve for a CT, chosen by its scanner and tube voltage."""
    return chosen_curve(case.settings.density_curves, ct.manufacturer, ct.tube_voltage_kv, place)


def voi_densities(case: Case, cycle: Cycle, measurement: CycleMeasurement) -> Mapping[str, VoiDensity]:
    """VOI name → density. What the CT can't say is stated by role, and that is said."""
    found = {}
    for name, measured in measurement.vois.items():
        group = role_group(measured.voi.role)
        stated = case.settings.density_g_per_ml.get(group)
        if group not in case.settings.density_from_ct:
            found[name] = VoiDensity(stated)
        else:
            found[name] = _from_ct(case, cycle, measured.exclusive_mask, group, stated, f"cycle {cycle.number}, {name}")
    return found


def _from_ct(case: Case, cycle: Cycle, mask: VoiMask, group: str, stated: float | None, place: str) -> VoiDensity:
    ct = cycle.time_points[cycle.reference_time_point].ct
    if ct is None or not mask.geometry.is_same_grid(ct.volume.geometry):
        return VoiDensity(stated, (_not_used("the VOIs are not declared on a CT", stated, place),))
    curve, findings = curve_of(case, ct, place)
    shown = voi_density(mask, ct.volume, curve)
    if shown is None:
        return VoiDensity(stated, (*findings, _not_used("the VOI covers no voxel wholly", stated, place)))
    if shown.mean_hu > CONTRAST_AGENT_ABOVE_HU and group in ("kidneys", "liver", "spleen"):
        why = f"{shown.mean_hu:.0f} HU point to contrast agent, which a density curve doesn't hold for"
        return VoiDensity(stated, (*findings, _not_used(why, stated, place)))
    text = f"Density {shown.density_g_per_ml:.3f} g/mL by the CT ({shown.mean_hu:.0f} HU inside; curve {curve.name})."
    return VoiDensity(shown.density_g_per_ml, (*findings, Finding("density-from-ct", "info", text, place)))


def _not_used(why: str, stated: float | None, place: str) -> Finding:
    instead = "none is stated" if stated is None else f"the stated {stated:.2f} g/mL is used"
    return Finding("density-not-from-ct", "warning", f"The density is not taken from the CT: {why}; {instead}.", place)


def with_vois(
    ct_density_g_per_ml: NDArray[np.float32],
    ct_media: NDArray[np.uint8],
    parts: Mapping[str, GridCoverage],
    regions: Mapping[str, DoseRegion],
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Density and media of a CT with the VOIs' densities mixed in by coverage.

    What belongs to VOIs for the larger part is soft tissue; elsewhere in voxels that they share the density decides.
    """
    density, media = ct_density_g_per_ml.copy(), ct_media.copy()
    if not parts:
        return density, media
    box = common_box(parts.values())
    here = density[box]
    total, weighted = np.zeros(here.shape, np.float32), np.zeros(here.shape, np.float32)
    for name, part in parts.items():
        place, fraction = box_within(part.slices, box), part.fraction.astype(np.float32)
        total[place] += fraction
        weighted[place] += fraction * np.float32(regions[name].density_g_per_ml)
    # Coverages of rotated masks may pass 1 by a percent.
    over = np.maximum(total, np.float32(1))
    density[box] = here * (1 - total / over) + weighted / over
    codes = medium_codes_of_density(density[box])
    codes[total >= np.float32(0.5)] = CODES[SOFT_TISSUE]
    media[box] = codes
    return density, media
