"""Absorbed dose to the red marrow from blood samples and source organs, itemised (methods 4).

D = D_self + Σ_h Ã_h S(RM←h) + Ã_rest S(RM←rest). The patient's own marrow mass cancels in D_self and is not asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dosimetry_core.dose.s_values import (
    KIDNEYS,
    LIVER,
    RED_MARROW,
    REST_OF_BODY_CONVENTIONS,
    SPLEEN,
    RestOfBody,
    Sex,
    reference_body_mass_kg,
    rest_of_body_s_value,
    s_value,
)
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.uncertainty import (
    S_VALUE_CROSS_RELATIVE_UNCERTAINTY,
    S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY,
    S_VALUE_SELF_RELATIVE_UNCERTAINTY,
    RelativeUncertainty,
)
from dosimetry_core.units import GRAM_PER_KG

# Fraction of extracellular fluid in red marrow (Sgouros, J Nucl Med 1993;34:689–694, abstract).
MARROW_EXTRACELLULAR_FLUID_FRACTION: Final = 0.19
# Density of red marrow, ICRP Publication 89.
MARROW_DENSITY_G_PER_ML: Final = 1.03
REMAINDER: Final = "remainder"
_REGIONS: Final = {"kidneys": KIDNEYS, "liver": LIVER, "spleen": SPLEEN}


def marrow_to_blood_ratio_of_large_molecules(
    haematocrit: float, *, extracellular_fluid_fraction: float = MARROW_EXTRACELLULAR_FLUID_FRACTION
) -> float:
    """Ratio 0.19/(1 − Hct) of marrow to blood activity concentration for agents outside cells (Sgouros 1993).

    For 177Lu-DOTATATE the ratio is 1 (Forrer et al. 2009), the default of the settings.
    """
    if not 0 < haematocrit < 1:
        raise ValueError("a haematocrit lies between 0 and 1")
    return extracellular_fluid_fraction / (1 - haematocrit)


def blood_time_integrated_activity_bq_s_per_kg(
    time_integral_bq_s_per_ml: float, *, blood_density_g_per_ml: float
) -> float:
    """Time-integrated activity per mass of blood from that per volume."""
    return time_integral_bq_s_per_ml / blood_density_g_per_ml * GRAM_PER_KG


def marrow_self_absorbed_dose_gy(
    blood_time_integrated_activity_bq_s_per_kg: float,
    *,
    marrow_to_blood_ratio: float,
    s_value_gy_per_bq_s: float,
    phantom_marrow_mass_kg: float,
) -> float:
    """D_self = a_blood · ratio · m_phantom · S(RM←RM).

    Parameters
    ----------
    phantom_marrow_mass_kg
        The mass that divides this S value: 1.394 / 1.064 kg (male / female, with blood) for ICRP 133, 1.17 / 0.90 kg
        for OLINDA 2.
    """
    return (
        blood_time_integrated_activity_bq_s_per_kg
        * marrow_to_blood_ratio
        * phantom_marrow_mass_kg
        * s_value_gy_per_bq_s
    )


def image_based_self_absorbed_dose_gy(
    nuclide_name: str,
    sex: Sex,
    time_integrated_activity_bq_s: float,
    *,
    volume_ml: float,
    marrow_density_g_per_ml: float = MARROW_DENSITY_G_PER_ML,
) -> float:
    """Self dose of the marrow from a VOI in vertebral bodies instead of blood.

    D_self = Ã/(V ρ_marrow) · m_phantom · S(RM←RM): the VOI's mean concentration is taken as that of marrow, so bone
    within the outline makes it too low, and a metastasis or spill-in far too high. The patient's marrow mass cancels.
    """
    if not volume_ml > 0:
        raise ValueError("the volume must be positive")
    own = s_value(nuclide_name, sex, target=RED_MARROW, source=RED_MARROW)
    return marrow_self_absorbed_dose_gy(
        time_integrated_activity_bq_s / volume_ml / marrow_density_g_per_ml * GRAM_PER_KG,
        marrow_to_blood_ratio=1.0,
        s_value_gy_per_bq_s=own.total_gy_per_bq_s,
        phantom_marrow_mass_kg=own.target_mass_kg,
    )


def marrow_time_integrated_activity_bq_s(
    blood_time_integrated_activity_bq_s_per_kg: float, *, marrow_to_blood_ratio: float, sex: Sex
) -> float:
    """Time-integrated activity of the reference marrow mass, to be taken out of the whole body's for the remainder."""
    mass = s_value("Lu-177", sex, target=RED_MARROW, source=RED_MARROW).target_mass_kg
    return blood_time_integrated_activity_bq_s_per_kg * marrow_to_blood_ratio * mass


@dataclass(frozen=True)
class MarrowSource:
    """Time-integrated activity of one source region, with its relative standard uncertainty."""

    time_integrated_activity_bq_s: float
    uncertainty: RelativeUncertainty


@dataclass(frozen=True)
class RedMarrowAbsorbedDose:
    """Absorbed dose to the red marrow by one nuclide, by where it comes from.

    Parameters
    ----------
    contributions_gy
        ``self``, ``kidneys``, ``liver``, ``spleen``, ``remainder``: what was known.
    contribution_uncertainties
        Relative standard uncertainty of each.
    by_convention_gy
        The whole dose under each rest-of-body convention; the chosen one's equals ``absorbed_dose_gy``.
    remainder_by_convention_gy, lesions_by_convention_gy
        The part of it from the remainder, lesions included, and the lesions' part of that.
    marrow_to_blood_ratio
        That was used.
    """

    nuclide: str
    convention: RestOfBody
    contributions_gy: FrozenMap[str, float]
    contribution_uncertainties: FrozenMap[str, RelativeUncertainty]
    by_convention_gy: FrozenMap[str, float]
    findings: tuple[Finding, ...] = ()
    remainder_by_convention_gy: FrozenMap[str, float] = field(default_factory=FrozenMap)
    lesions_by_convention_gy: FrozenMap[str, float] = field(default_factory=FrozenMap)
    marrow_to_blood_ratio: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """As results.json has it: every item, and all conventions beside each other."""
        return {
            "rest_of_body": self.convention,
            "marrow_to_blood_ratio": self.marrow_to_blood_ratio,
            "contributions_gy": dict(self.contributions_gy),
            "by_convention_gy": {
                name: {
                    "total": total,
                    "remainder": self.remainder_by_convention_gy.get(name),
                    "lesions_within_remainder": self.lesions_by_convention_gy.get(name),
                }
                for name, total in self.by_convention_gy.items()
            },
        }

    @property
    def absorbed_dose_gy(self) -> float:
        """Sum of all contributions."""
        return sum(self.contributions_gy.values())

    @property
    def relative_uncertainty(self) -> RelativeUncertainty:
        """Relative standard uncertainty of the sum; the items rest on different measurements and add in quadrature."""
        total = self.absorbed_dose_gy
        if not total > 0:
            return RelativeUncertainty(0.0, 0.0)
        items = [(dose, self.contribution_uncertainties[name]) for name, dose in self.contributions_gy.items()]
        return RelativeUncertainty(
            math.sqrt(sum((dose * u.random) ** 2 for dose, u in items)) / total,
            math.sqrt(sum((dose * u.common) ** 2 for dose, u in items)) / total,
        )

    @property
    def absorbed_dose_standard_uncertainty_gy(self) -> float:
        """Standard uncertainty (k = 1)."""
        return self.relative_uncertainty.total * self.absorbed_dose_gy


def red_marrow_absorbed_dose(
    nuclide_name: str,
    sex: Sex,
    *,
    blood: MarrowSource,
    organs: Mapping[str, MarrowSource],
    remainder: MarrowSource | None,
    blood_density_g_per_ml: float,
    marrow_to_blood_ratio: float,
    rest_of_body: RestOfBody,
    body_mass_kg: float | None,
    scale_remainder_by_body_mass: bool,
    bone_metastases: bool | None = None,
    lesions_bq_s: float = 0.0,
    place: str = "",
) -> RedMarrowAbsorbedDose:
    """Red marrow dose by one nuclide.

    Parameters
    ----------
    blood
        ``time_integrated_activity_bq_s`` is per mL of blood (Bq·s/mL), from the start of the infusion.
    organs
        ``kidneys``, ``liver``, ``spleen``: what is known.
    remainder
        Rest of the body; None if the whole-body activity is unknown, which is a finding.
    body_mass_kg
        Patient's; scales the photon part from the remainder by m_phantom/m_patient if
        ``scale_remainder_by_body_mass``.
    bone_metastases
        True or unknown is a finding: marrow beside metastases is not dosed by blood.
    lesions_bq_s
        Time-integrated activity of lesions within the remainder, for the itemisation.
    """
    own = s_value(nuclide_name, sex, target=RED_MARROW, source=RED_MARROW)
    self_dose = marrow_self_absorbed_dose_gy(
        blood_time_integrated_activity_bq_s_per_kg(
            blood.time_integrated_activity_bq_s, blood_density_g_per_ml=blood_density_g_per_ml
        ),
        marrow_to_blood_ratio=marrow_to_blood_ratio,
        s_value_gy_per_bq_s=own.total_gy_per_bq_s,
        phantom_marrow_mass_kg=own.target_mass_kg,
    )
    doses = {"self": self_dose}
    spreads = {"self": _with_s_value(blood.uncertainty, S_VALUE_SELF_RELATIVE_UNCERTAINTY)}
    for name, source in organs.items():
        if name not in _REGIONS:
            raise ValueError(f"unknown source {name!r}; use kidneys, liver or spleen")
        s = s_value(nuclide_name, sex, target=RED_MARROW, source=_REGIONS[name])
        doses[name] = source.time_integrated_activity_bq_s * s.total_gy_per_bq_s
        spreads[name] = _with_s_value(source.uncertainty, S_VALUE_CROSS_RELATIVE_UNCERTAINTY)
    without_rest = math.fsum(doses.values())
    rests: dict[str, float] = {}
    lesions: dict[str, float] = {}
    by_convention: dict[str, float] = dict.fromkeys(REST_OF_BODY_CONVENTIONS, without_rest)
    if remainder is not None:
        photon_scale = 1.0
        if scale_remainder_by_body_mass and body_mass_kg is not None:
            photon_scale = reference_body_mass_kg(sex) / body_mass_kg
        for convention in REST_OF_BODY_CONVENTIONS:
            s = rest_of_body_s_value(nuclide_name, sex, target=RED_MARROW, convention=convention)
            per_activity = s.electron_gy_per_bq_s + s.photon_gy_per_bq_s * photon_scale
            dose = remainder.time_integrated_activity_bq_s * per_activity
            by_convention[convention] = without_rest + dose
            rests[convention] = dose
            lesions[convention] = lesions_bq_s * per_activity
            if convention == rest_of_body:
                doses[REMAINDER] = dose
        spreads[REMAINDER] = _with_s_value(remainder.uncertainty, S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY)
    return RedMarrowAbsorbedDose(
        nuclide_name,
        rest_of_body,
        FrozenMap(doses),
        FrozenMap(spreads),
        FrozenMap(by_convention),
        _findings(organs, remainder, scale_remainder_by_body_mass, body_mass_kg, bone_metastases, place),
        FrozenMap(rests),
        FrozenMap(lesions),
        marrow_to_blood_ratio,
    )


def _with_s_value(uncertainty: RelativeUncertainty, s_value_relative: float) -> RelativeUncertainty:
    return RelativeUncertainty(uncertainty.random, math.hypot(uncertainty.common, s_value_relative))


def _findings(
    organs: Mapping[str, MarrowSource],
    remainder: MarrowSource | None,
    scale: bool,
    body_mass_kg: float | None,
    bone_metastases: bool | None,
    place: str,
) -> tuple[Finding, ...]:
    found = []
    if bone_metastases is not False:
        state = "has bone metastases" if bone_metastases else "may have bone metastases (not said)"
        text = f"the patient {state}: the blood-based red marrow dose does not hold beside them"
        found.append(Finding("bone-metastases", "warning", text, place))
    if remainder is None:
        text = "the whole-body activity is unknown: the red marrow dose lacks the rest of the body and is too low"
        found.append(Finding("marrow-without-remainder", "error", text, place))
    elif scale and body_mass_kg is None:
        text = "the body mass is unknown: photons from the rest of the body were not scaled to it"
        found.append(Finding("marrow-remainder-unscaled", "info", text, place))
    missing = [name for name in _REGIONS if name not in organs]
    if missing and remainder is not None:
        text = f"no activity of {', '.join(missing)}: it is counted with the rest of the body"
        found.append(Finding("marrow-organ-in-remainder", "info", text, place))
    return tuple(found)
