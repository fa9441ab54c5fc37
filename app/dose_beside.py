"""Engines beside each other in `lutetia dose`: how uncertain each dose of a label is, and why they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dosimetry_core.dose.engine_comparison import VOXELS_AGREE_WITHIN, engine_words
from dosimetry_core.dose.voxel_uncertainty import ENERGY_PER_DECAY
from dosimetry_core.errors import Finding
from dosimetry_core.uncertainty import S_VALUE_SELF_RELATIVE_UNCERTAINTY
from dosimetry_core.units import GRAY, PERCENT


@dataclass(frozen=True)
class WithoutMapBudget:
    """Standard uncertainties of a dose that leaves the map out of account, Gy, independent of each other.

    ``s_value_gy`` is that of the S value, or of the energy per decay of local deposition; ``left_out_gy`` what the
    engine does not see of this map (electrons across the surface, photons, neighbours): the difference from the voxel
    engine as the half-width of a rectangular distribution (GUM 4.3.7), for it may be anything between.
    """

    s_value_gy: float
    left_out_gy: float

    @property
    def total_gy(self) -> float:
        """Both in quadrature."""
        return math.hypot(self.s_value_gy, self.left_out_gy)


def budget_without_map(*, absorbed_dose_gy: float, by_voxels_gy: float, is_local: bool) -> WithoutMapBudget:
    """Budget of a dose by sphere or organ-level S values, or by local deposition, beside that of the voxel engine."""
    relative = ENERGY_PER_DECAY if is_local else S_VALUE_SELF_RELATIVE_UNCERTAINTY
    return WithoutMapBudget(relative * absorbed_dose_gy, abs(absorbed_dose_gy - by_voxels_gy) / math.sqrt(3))


@dataclass(frozen=True)
class Difference:
    """Why another engine gives another dose than voxel S values: two parts that add up to the difference, Gy.

    ``electrons_across_the_surface_gy`` is what electrons carry out of the label in the map, less what they carry in;
    ``photons_and_geometry_gy`` the rest: the photons of the map, against those of the engine's own geometry, and the
    electrons that its own geometry lets out.
    """

    electrons_across_the_surface_gy: float
    photons_and_geometry_gy: float

    @property
    def total_gy(self) -> float:
        """The other engine less voxel S values."""
        return self.electrons_across_the_surface_gy + self.photons_and_geometry_gy


def difference(*, other_gy: float, by_voxels_gy: float, photons_by_voxels_gy: float, local_gy: float) -> Difference:
    """The parts of the difference of an engine from voxel S values.

    Parameters
    ----------
    photons_by_voxels_gy
        Part of photons and far bremsstrahlung in the voxel engine's dose.
    local_gy
        Dose if every electron stayed in its voxel.
    """
    across = local_gy - (by_voxels_gy - photons_by_voxels_gy)
    return Difference(across, other_gy - by_voxels_gy - across)


def difference_finding(name: str, engine: str, by_voxels_gy: float, found: Difference) -> Finding | None:
    """In words why an engine differs from voxel S values; None where they agree within 2 %."""
    if abs(found.total_gy) <= VOXELS_AGREE_WITHIN * by_voxels_gy:
        return None

    def share(part_gy: float) -> str:
        return f"{'+' if part_gy >= 0 else '−'}{PERCENT.text(abs(part_gy) / by_voxels_gy)}"

    return Finding(
        "engines-differ",
        "info",
        f"{engine_words(engine)} give {GRAY.text(by_voxels_gy + found.total_gy, digits=3)}, {share(found.total_gy)} "
        f"against voxel S values ({GRAY.text(by_voxels_gy, digits=3)}): "
        f"{share(found.electrons_across_the_surface_gy)} because electrons cross the surface in the map, "
        f"{share(found.photons_and_geometry_gy)} by photons and the engine's own geometry",
        name,
    )


def budgets_without_map(
    doses: Mapping[str, Mapping[str, float]], name: str, *, voxel_engine: str, local_engine: str
) -> dict[str, WithoutMapBudget]:
    """Engine → budget of a label's dose, of every engine but voxel S values."""
    return {
        engine: budget_without_map(
            absorbed_dose_gy=by[name], by_voxels_gy=doses[voxel_engine][name], is_local=engine == local_engine
        )
        for engine, by in doses.items()
        if engine != voxel_engine and name in by
    }
