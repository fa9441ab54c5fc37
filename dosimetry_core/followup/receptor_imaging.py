"""Measures of somatostatin-receptor imaging: SUV, receptor tumour volume, total lesion activity, ratios, Krenning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.nuclide import decay_constant_per_s
from dosimetry_core.units import GRAM_PER_KG, SECONDS_PER_MINUTE

# 67.71 min: ICRP Publication 107, 68Ga.
GA68_HALF_LIFE_S: Final = 67.71 * SECONDS_PER_MINUTE

DecayReference = Literal["scan-start", "administration"]
KrenningUptake = Literal[
    "none", "much lower than liver", "equal to liver", "greater than liver", "greater than spleen or kidneys"
]
_KRENNING: Final[tuple[KrenningUptake, ...]] = (
    "none",
    "much lower than liver",
    "equal to liver",
    "greater than liver",
    "greater than spleen or kidneys",
)


def reference_activity_bq(
    administered_activity_bq: float,
    *,
    uptake_s: float,
    half_life_s: float,
    decay_reference: DecayReference,
) -> float:
    """Administered activity at the time the image is decay-corrected to.

    Parameters
    ----------
    administered_activity_bq
        At the administration.
    uptake_s
        From administration to the start of the scan.
    half_life_s
        Physical half-life.
    decay_reference
        ``scan-start`` (DICOM DecayCorrection START) or ``administration`` (ADMIN: no decay).
    """
    if decay_reference == "administration":
        return administered_activity_bq
    return administered_activity_bq * math.exp(-decay_constant_per_s(half_life_s) * uptake_s)


def suv_body_weight_g_per_ml(
    activity_concentration_bq_per_ml: float, *, reference_activity_bq: float, weight_kg: float
) -> float:
    """Standardised uptake value by body weight: concentration/(activity/mass), in g/mL.

    ``reference_activity_bq`` is the administered activity at the time the image is decay-corrected to.
    """
    if not (reference_activity_bq > 0 and weight_kg > 0):
        raise ValueError("activity and weight must be positive")
    return activity_concentration_bq_per_ml / (reference_activity_bq / (weight_kg * GRAM_PER_KG))


@dataclass(frozen=True)
class ReceptorLesion:
    """A lesion on a receptor image; ``volume_ml`` by a stated segmentation rule."""

    suv_mean: float
    volume_ml: float


def receptor_tumour_volume_ml(lesions: Sequence[ReceptorLesion]) -> float:
    """Receptor tumour volume: sum of the volumes of all lesions, in mL."""
    return math.fsum(lesion.volume_ml for lesion in lesions)


def total_lesion_activity_ml(lesions: Sequence[ReceptorLesion]) -> float:
    """Total lesion activity: sum of mean SUV times volume, in mL (SUV in g/mL with a tissue of 1 g/mL)."""
    return math.fsum(lesion.suv_mean * lesion.volume_ml for lesion in lesions)


def whole_body_suv_mean(lesions: Sequence[ReceptorLesion]) -> float:
    """Mean SUV over all lesions, weighted with volume."""
    return total_lesion_activity_ml(lesions) / receptor_tumour_volume_ml(lesions)


def tumour_to_blood_ratio(suv_mean_lesion: float, suv_mean_blood: float) -> float:
    """Mean SUV of a lesion over that of the blood pool (left ventricle or aorta)."""
    return _ratio(suv_mean_lesion, suv_mean_blood)


def tumour_to_liver_ratio(suv_max_lesion: float, suv_mean_liver: float) -> float:
    """Highest SUV of a lesion over the mean SUV of the liver."""
    return _ratio(suv_max_lesion, suv_mean_liver)


def tumour_to_spleen_ratio(suv_max_lesion: float, suv_mean_spleen: float) -> float:
    """Highest SUV of a lesion over the mean SUV of the spleen."""
    return _ratio(suv_max_lesion, suv_mean_spleen)


def _ratio(tumour: float, reference: float) -> float:
    if not reference > 0:
        raise ValueError(f"the reference SUV must be positive, not {reference}")
    return tumour / reference


def krenning_score(uptake: KrenningUptake) -> int:
    """Krenning score 0 to 4 of the uptake, told by comparison with liver, spleen and kidneys.

    References
    ----------
    Krenning EP et al., Eur J Nucl Med 20 (1993) 716–731 (scale as used in receptor scintigraphy).
    """
    return _KRENNING.index(uptake)


# --- against FDG ------------------------------------------------------------------------------------------------------

FdgComparison = Literal["neither", "receptor-only", "receptor-higher", "equal", "fdg-higher", "fdg-only"]
NetpetGrade = Literal["P0", "P1", "P2", "P3", "P4a", "P4b", "P5"]
EQUAL_WITHIN: Final = 0.10
"""SUVmax within this share of each other count as equal; NETPET itself compares by eye."""
_MANY_LESIONS: Final = 3


def fdg_comparison(suv_max: float, fdg_suv_max: float) -> FdgComparison:
    """Which of the two tracers a lesion takes up more; 0 is no uptake."""
    if not suv_max and not fdg_suv_max:
        return "neither"
    if not fdg_suv_max:
        return "receptor-only"
    if not suv_max:
        return "fdg-only"
    if abs(suv_max - fdg_suv_max) <= EQUAL_WITHIN * max(suv_max, fdg_suv_max):
        return "equal"
    return "receptor-higher" if suv_max > fdg_suv_max else "fdg-higher"


def netpet_grade(comparisons: Sequence[FdgComparison]) -> NetpetGrade:
    """NETPET grade of a patient, from the most discordant lesion.

    P0 no uptake of either, P1 of the receptor tracer only, P2 FDG lower, P3 equal, P4 FDG higher (a: in one or two
    lesions, b: in three or more), P5 a lesion with FDG only.

    References
    ----------
    Chan DLH et al., Theranostics 7 (2017) 1149–1158, doi 10.7150/thno.18068.
    """
    if "fdg-only" in comparisons:
        return "P5"
    higher = sum(comparison == "fdg-higher" for comparison in comparisons)
    if higher:
        return "P4b" if higher >= _MANY_LESIONS else "P4a"
    if "equal" in comparisons:
        return "P3"
    if "receptor-higher" in comparisons:
        return "P2"
    return "P1" if "receptor-only" in comparisons else "P0"


def discordant_volume_ml(lesions: Sequence[tuple[FdgComparison, float]]) -> float:
    """Total discordant volume: of the lesions that take up more FDG, in mL."""
    return math.fsum(volume for comparison, volume in lesions if comparison in ("fdg-higher", "fdg-only"))
