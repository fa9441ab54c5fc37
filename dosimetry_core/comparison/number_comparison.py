"""Numbers of another program beside ours: which of ours each is meant to be, and how far it is from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dosimetry_core.comparison.other_tables import OtherNumber, Quantity
from dosimetry_core.dicom.voi_names import role_from_name
from dosimetry_core.dose.engine import role_group
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.units import GRAY, GRAY_PER_GIGABECQUEREL, HOUR, MEGABECQUEREL, MEGABECQUEREL_HOUR, DisplayUnit

_ORGANS = ("kidneys", "liver", "spleen")


@dataclass(frozen=True)
class NumberComparison:
    """Another program's number beside ours, in the core unit.

    ``own`` is None, and ``remark`` says why, if there is none; with one, ``remark`` names the VOIs that it is of where
    they have another name. ``own_standard_uncertainty`` is None where not known.
    """

    number: OtherNumber
    own: float | None
    own_standard_uncertainty: float | None
    remark: str = ""

    @property
    def relative_difference(self) -> float | None:
        """(other − own)/own."""
        return None if not self.own else (self.number.value - self.own) / self.own

    @property
    def deviation(self) -> float | None:
        """Difference in our standard uncertainties."""
        if self.own is None or not self.own_standard_uncertainty:
            return None
        return (self.number.value - self.own) / self.own_standard_uncertainty


def compare_numbers(evaluation: Evaluation, numbers: Sequence[OtherNumber]) -> tuple[NumberComparison, ...]:
    """Each number beside ours, in its order; a region is a VOI by its name, or an organ of the results."""
    cycles = {result.cycle.number: result for result in evaluation.cycles}
    return tuple(_compared(cycles.get(number.cycle), number) for number in numbers)


def _compared(result: CycleResult | None, number: OtherNumber) -> NumberComparison:
    if result is None:
        return NumberComparison(number, None, None, f"there is no cycle {number.cycle}")
    if number.quantity in ("absorbed_dose", "absorbed_dose_per_activity"):
        return _dose_compared(result, number)
    if number.quantity == "time_integrated_activity_coefficient":
        return _coefficient_compared(result, number)
    name = _voi_name(result, number.region)
    voi = result.vois.get(name or "")
    if voi is None:
        return NumberComparison(number, None, None, "there is no VOI of this name")
    remark = "" if name == number.region else f"beside {name}"
    if number.quantity == "activity":
        curve = voi.curves.get(number.nuclide)
        if curve is None or number.scan is None or number.scan > len(curve.activity_bq):
            return NumberComparison(number, None, None, "this activity was not measured")
        known = voi.activity_standard_uncertainty_bq.get(number.nuclide)
        at_scan = None if known is None else known[number.scan - 1]
        return NumberComparison(number, float(curve.activity_bq[number.scan - 1]), at_scan, remark)
    fit = voi.fits.get(number.nuclide)
    if fit is None:
        return NumberComparison(number, None, None, "there is no curve of this nuclide")
    return NumberComparison(
        number, fit.time_integrated_activity_bq_s, fit.time_integrated_activity_standard_uncertainty_bq_s, remark
    )


def _voi_name(result: CycleResult, region: str) -> str | None:
    """The VOI that a region is: of its name, else the one of the same organ and side by its name in usual languages."""
    if region in result.vois:
        return region
    same = [name for name in result.vois if name.casefold() == region.casefold()]
    if not same:
        role = role_from_name(region)
        same = [name for name, voi in result.vois.items() if role not in (None, "lesion", "other") and voi.role == role]
    return same[0] if len(same) == 1 else None


def _coefficient_compared(result: CycleResult, number: OtherNumber) -> NumberComparison:
    """Time-integrated activity per administered activity, of one VOI, or of all VOIs of an organ."""
    name = _voi_name(result, number.region)
    of_organ = [one for one, voi in result.vois.items() if role_group(voi.role) == number.region in _ORGANS]
    names = [name] if name is not None else of_organ
    fits = [result.vois[one].fits.get(number.nuclide) for one in names]
    if not fits or None in fits:
        return NumberComparison(number, None, None, "there is no curve of this region and nuclide")
    given = _given_bq(result, number.nuclide)
    if not given > 0:
        return NumberComparison(number, None, None, f"no {number.nuclide} was given")
    held = math.fsum(fit.time_integrated_activity_bq_s for fit in fits if fit is not None)
    # Curves of two kidneys share their calibration: their uncertainties do not add up in any simple way.
    alone = fits[0].time_integrated_activity_standard_uncertainty_bq_s if len(fits) == 1 and fits[0] else None
    remark = "" if names == [number.region] else f"beside {', '.join(names)}"
    return NumberComparison(number, held / given, None if alone is None else alone / given, remark)


def _given_bq(result: CycleResult, nuclide: str) -> float:
    return math.fsum(one.administered_activity_bq for one in result.cycle.administrations if one.nuclide == nuclide)


def _dose_compared(result: CycleResult, number: OtherNumber) -> NumberComparison:
    name = _voi_name(result, number.region)
    organ, voi = result.organs.get(number.region), result.vois.get(name or "")
    remark = "" if organ is not None or name == number.region else f"beside {name}"
    doses = organ.doses if organ is not None else voi.doses if voi is not None else None
    if doses is None or number.nuclide not in doses:
        return NumberComparison(number, None, None, "there is no dose of this region and nuclide")
    dose = doses[number.nuclide]
    factor = 1.0
    if number.quantity == "absorbed_dose_per_activity":
        given = _given_bq(result, number.nuclide)
        if not given > 0:
            return NumberComparison(number, None, None, f"no {number.nuclide} was given")
        factor = 1 / given
    known = dose.standard_uncertainty_gy
    return NumberComparison(number, dose.absorbed_dose_gy * factor, None if known is None else known * factor, remark)


def display_unit(quantity: Quantity) -> DisplayUnit:
    """How a quantity is shown to people."""
    return {
        "activity": MEGABECQUEREL,
        "time_integrated_activity": MEGABECQUEREL_HOUR,
        "time_integrated_activity_coefficient": HOUR,
        "absorbed_dose": GRAY,
        "absorbed_dose_per_activity": GRAY_PER_GIGABECQUEREL,
    }[quantity]
