"""Two engines' doses of one region against each other, part by part, and what the difference means in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dosimetry_core.dose.engine import LOCAL_DEPOSITION, VOXEL_S_VALUES, EngineDose
from dosimetry_core.dose.sphere import LARGEST_MASS_KG, SMALLEST_MASS_KG, sphere_s_value
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.units import GRAY, PERCENT

VOXELS_AGREE_WITHIN: Final = 0.02
"""Voxel S values against the S values of the region, apart from what the VOI's own shape explains."""
REGIONS_AGREE_WITHIN: Final = 0.06
"""Engines without a map against each other, apart from the electrons that leave a sphere of the VOI's mass.

Own photons make up to 4.5 % (a sphere of 0.9 kg, 177Lu), other regions up to 1.5 %, a shape other than a sphere up to
4 % (the kidney of ICRP 133 against a sphere, 90Y); they seldom add up.
"""
NOT_MENTIONED_BELOW: Final = 0.0005

PARTS: Final[dict[str, str]] = {
    "own_electrons": "own electrons",
    "own_photons": "own photons",
    "uneven_uptake": "uneven uptake",
    "other_regions": "other regions",
}


@dataclass(frozen=True)
class EngineComparison:
    """Another engine's dose against the one in use.

    Parameters
    ----------
    engine
        The other one.
    absorbed_dose_gy, ratio
        By nuclide and ``total``: its dose, and that over the dose in use.
    parts
        Where the difference of the total comes from, each over the dose in use: ``own_electrons``, ``own_photons``,
        ``uneven_uptake``, ``other_regions``. They add up to ratio − 1.
    absorbed_fractions
        Nuclide → part of the electron energy that stays in the region: by the engine in use, by the other.
    bound
        Largest difference that goes without a warning.
    beyond_bound
        Whether it is larger.
    explanation
        The same in words.
    """

    engine: str
    absorbed_dose_gy: FrozenMap[str, float]
    ratio: FrozenMap[str, float]
    parts: FrozenMap[str, float]
    absorbed_fractions: FrozenMap[str, tuple[float, float]]
    bound: float
    beyond_bound: bool
    explanation: str


def compared(
    engine: str,
    doses: Mapping[str, EngineDose],
    other_engine: str,
    other_doses: Mapping[str, EngineDose],
    *,
    local_gy: Mapping[str, float],
    mass_kg: float,
) -> EngineComparison:
    """Compare another engine with the one in use.

    Parameters
    ----------
    doses, other_doses
        By nuclide, the same ones.
    local_gy
        Nuclide → dose if all electron energy stayed: what absorbed fractions are parts of.
    """
    total, other_total = (sum(dose.absorbed_dose_gy for dose in by.values()) for by in (doses, other_doses))
    parts = {
        name: (there - here) / total
        for name, here, there in zip(PARTS, _parts_gy(doses), _parts_gy(other_doses), strict=True)
    }
    fractions = {
        nuclide: (doses[nuclide].self_electron_gy / local, other_doses[nuclide].self_electron_gy / local)
        for nuclide, local in local_gy.items()
        if local > 0
    }
    ratios = {n: other_doses[n].absorbed_dose_gy / dose.absorbed_dose_gy for n, dose in doses.items()}
    if VOXEL_S_VALUES in (engine, other_engine) and LOCAL_DEPOSITION not in (engine, other_engine):
        # The share of electrons that stays follows from the outline; what is left is image and neighbours.
        bound = VOXELS_AGREE_WITHIN
        difference = other_total / total - 1
        excess = min(abs(difference), abs(difference - parts["own_electrons"]))
    else:
        bound = REGIONS_AGREE_WITHIN
        without_leaving = LOCAL_DEPOSITION in (engine, other_engine)
        expected = _leaving_a_sphere(local_gy, mass_kg) if without_leaving else 0.0
        excess = abs(other_total / total - 1) - expected
    return EngineComparison(
        other_engine,
        FrozenMap({n: dose.absorbed_dose_gy for n, dose in other_doses.items()} | {"total": other_total}),
        FrozenMap(ratios | {"total": other_total / total}),
        FrozenMap(parts),
        FrozenMap(fractions),
        bound,
        excess > bound,
        _explanation(engine, total, other_engine, other_total, parts, fractions),
    )


def _parts_gy(doses: Mapping[str, EngineDose]) -> tuple[float, ...]:
    """Of all nuclides together, in the order of `PARTS`."""
    by_nuclide = [(d.self_electron_gy, d.self_photon_gy, d.uneven_gy, sum(d.cross_gy.values())) for d in doses.values()]
    return tuple(map(sum, zip(*by_nuclide, strict=True)))


def _leaving_a_sphere(local_gy: Mapping[str, float], mass_kg: float) -> float:
    """How far above all other engines local deposition may be: by the electrons that leave a sphere of this mass.

    A mass beyond the table is taken for the nearest one in it; this is a bound, no dose.
    """
    within = min(max(mass_kg, SMALLEST_MASS_KG), LARGEST_MASS_KG)
    above = sum(
        local * (1 / sphere_s_value(nuclide, within, density_g_per_ml=1.0).electron_absorbed_fraction - 1)
        for nuclide, local in local_gy.items()
    )
    return above / sum(local_gy.values())


def engine_words(engine: str) -> str:
    """An engine's name as people say it."""
    return {
        "organ-level": "organ-level S values",
        "sphere": "sphere S values",
        "local-deposition": "local deposition",
        "voxel-s-values": "voxel S values",
    }[engine]


def _explanation(
    engine: str,
    total_gy: float,
    other_engine: str,
    other_gy: float,
    parts: Mapping[str, float],
    fractions: Mapping[str, tuple[float, float]],
) -> str:
    difference = other_gy / total_gy - 1
    head = (
        f"{engine_words(other_engine)} {GRAY.text(other_gy, digits=3)}, {_signed(difference)} against "
        f"{engine_words(engine)} {GRAY.text(total_gy, digits=3)}"
    )
    said = [
        f"{words} {_signed(parts[name])}" for name, words in PARTS.items() if abs(parts[name]) >= NOT_MENTIONED_BELOW
    ]
    kept = [
        f"{nuclide} {100 * there:.1f} instead of {100 * here:.1f} %"
        for nuclide, (here, there) in fractions.items()
        if abs(there - here) >= NOT_MENTIONED_BELOW
    ]
    text = f"{head[0].upper()}{head[1:]}"
    if said:
        text += f": {', '.join(said)}"
    if kept:
        text += f". Electron energy that stays in the VOI: {', '.join(kept)}"
    return f"{text}."


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{PERCENT.text(abs(value), digits=1)}"
