"""Compares results with the truth of a generated case, and puts the differences into figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

KIDNEYS = ("kidney_left", "kidney_right", "kidneys")
SOLID_ORGANS = (*KIDNEYS, "liver", "spleen")


@dataclass(frozen=True)
class Comparison:
    """One number of the results beside its truth, both in the same unit.

    ``quantity`` is ``activity``, ``time-integrated activity`` or ``absorbed dose``; ``time_point`` counts from 1 and
    is None for what belongs to a whole cycle.
    """

    quantity: str
    region: str
    role: str
    nuclide: str
    cycle: int
    time_point: int | None
    value: float
    truth: float
    standard_uncertainty: float | None
    volume_ml: float | None

    @property
    def relative_error(self) -> float:
        return self.value / self.truth - 1

    @property
    def deviation(self) -> float | None:
        """Difference in stated standard uncertainties."""
        if self.standard_uncertainty is None:
            return None
        return (self.value - self.truth) / self.standard_uncertainty

    def __str__(self) -> str:
        point = "" if self.time_point is None else f", time point {self.time_point}"
        deviation = "" if self.deviation is None else f" ({self.deviation:+.1f} u)"
        return (
            f"cycle {self.cycle}{point}, {self.region}, {self.nuclide} {self.quantity} "
            f"{100 * self.relative_error:+.1f} %{deviation}"
        )


def comparisons(results: Mapping[str, Any], truth: Mapping[str, Any]) -> list[Comparison]:
    """Every number of results.json that truth.json knows. A VOI or organ that is missing raises KeyError."""
    found = []
    for result, true in zip(results["cycles"], truth["cycles"], strict=True):
        for name, expected in true["vois"].items():
            found += _of_voi(result["vois"][name], expected, name, true["number"])
        for name, expected in true["organs"].items():
            organ = result["organs"][name]
            found += [
                Comparison(
                    "absorbed dose",
                    name,
                    name,
                    nuclide,
                    true["number"],
                    None,
                    organ["absorbed_dose_gy"][nuclide],
                    dose,
                    organ["absorbed_dose_standard_uncertainty_gy"][nuclide],
                    None,
                )
                for nuclide, dose in expected["absorbed_dose_gy"].items()
            ]
    return found


def _of_voi(result: Mapping[str, Any], expected: Mapping[str, Any], name: str, cycle: int) -> list[Comparison]:
    role, volume = expected["role"], expected["volume_ml"]
    found = []
    for nuclide, activities in expected["activity_bq"].items():
        values = result["activity_bq"][nuclide]
        if len(values) != len(activities):
            raise ValueError(f"{name}: {len(values)} activities, the truth has {len(activities)}")
        uncertainties = result["activity_standard_uncertainty_bq"].get(nuclide) or [None] * len(values)
        found += [
            Comparison("activity", name, role, nuclide, cycle, number, value, true, uncertainty, volume)
            for number, (value, true, uncertainty) in enumerate(
                zip(values, activities, uncertainties, strict=True), start=1
            )
        ]
    for nuclide, true in expected["time_integrated_activity_bq_s"].items():
        fit = result["fit"][nuclide]
        found.append(
            Comparison(
                "time-integrated activity",
                name,
                role,
                nuclide,
                cycle,
                None,
                fit["time_integrated_activity_bq_s"],
                true,
                fit["time_integrated_activity_standard_uncertainty_bq_s"],
                volume,
            )
        )
    for nuclide, true in expected["absorbed_dose_gy"].items():
        found.append(
            Comparison(
                "absorbed dose",
                name,
                role,
                nuclide,
                cycle,
                None,
                result["absorbed_dose_gy"][nuclide],
                true,
                result["absorbed_dose_standard_uncertainty_gy"][nuclide],
                volume,
            )
        )
    return found


def root_mean_square(found: Iterable[Comparison]) -> float:
    """Root mean square of the relative errors."""
    return math.sqrt(float(np.mean([item.relative_error**2 for item in found])))


def largest(found: Iterable[Comparison]) -> float:
    """Largest relative error without its sign."""
    return max(abs(item.relative_error) for item in found)


def share_within(found: Iterable[Comparison], limit: float) -> float:
    """Share of the values whose relative error is not above the limit."""
    return float(np.mean([abs(item.relative_error) <= limit for item in found]))


def share_within_deviations(found: Iterable[Comparison], limit: float) -> float:
    """Share of the values that lie within so many stated standard uncertainties of the truth."""
    deviations = [item.deviation for item in found if item.deviation is not None]
    return float(np.mean([abs(d) <= limit for d in deviations]))


def of_kidneys(item: Comparison) -> bool:
    """Whether it is about one kidney or both."""
    return item.role in KIDNEYS


def of_solid_organs(item: Comparison) -> bool:
    """Whether it is about kidney, liver or spleen."""
    return item.role in SOLID_ORGANS


def of_lesions_from(volume_ml: float) -> Callable[[Comparison], bool]:
    """Whether it is about a lesion of at least this true volume."""
    return lambda item: item.role == "lesion" and item.volume_ml is not None and item.volume_ml >= volume_ml


def picked(
    found: Iterable[Comparison], quantity: str, where: Callable[[Comparison], bool] = lambda item: True
) -> list[Comparison]:
    """The comparisons of one quantity."""
    return [item for item in found if item.quantity == quantity and where(item)]


def figure_line(identity: str, *, n: int, failures: int, seed: Any, **figures: Any) -> str:
    """The one JSON line of a figure; prints it, too."""
    rounded = {key: _rounded(value) for key, value in figures.items()}
    line = json.dumps({"id": identity, "n": n, "failures": failures, "seed": seed, **rounded}, ensure_ascii=False)
    print("\n" + line)
    return line


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
