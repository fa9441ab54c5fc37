"""Absorbed doses per activity that were published, to compare a patient's with; plausibility, never a default."""

from __future__ import annotations

import functools
import math
from typing import Any

from dosimetry_core.data_tables import table_json
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.units import GIGABECQUEREL, GRAY_PER_GIGABECQUEREL, MEGABECQUEREL


@functools.cache
def _published() -> dict[str, Any]:
    table: dict[str, Any] = table_json("plausibility", "published_absorbed_doses.json")
    return table


def published_kidney_series() -> tuple[str, ...]:
    """Names of the published series of kidney absorbed doses."""
    return tuple(_published()["kidneys_gy_per_gbq"])


def published_kidney_mean_gy_per_bq(series: str) -> float:
    """Mean absorbed dose to the kidneys per administered activity of a published series, in Gy/Bq."""
    entry = _published()["kidneys_gy_per_gbq"][series]
    if "mean" in entry:
        return GRAY_PER_GIGABECQUEREL.to_core(float(entry["mean"]))
    return float(entry["mean_absorbed_dose_gy"]) / GIGABECQUEREL.to_core(float(entry["administered_activity_gbq"]))


def published_red_marrow_gy_per_bq(method: str) -> FrozenMap[str, float]:
    """Lowest, median (if given) and highest published absorbed dose to the red marrow per activity, in Gy/Bq.

    ``method`` is ``blood_based`` or ``image_based_vertebrae``.
    """
    entry = _published()["red_marrow_gy_per_gbq"][method]
    return FrozenMap(
        {
            key: GRAY_PER_GIGABECQUEREL.to_core(float(entry[key]))
            for key in ("lowest", "median", "highest")
            if key in entry
        }
    )


def duonen_mean_cumulative_activity_bq(arm: str, nuclide: str) -> float:
    """Mean cumulative activity of a DUONEN arm that its published changes imply.

    Notes
    -----
    Cycles × standard activity + (cycles − 1) × mean change of cycles 2 to 4, the mean over reduced, increased and
    unchanged cycles.
    """
    data = _published()["duonen"]
    entry = data["arms"][arm]
    cycles = int(data["cycles"])
    standard = cycles * GIGABECQUEREL.to_core(float(entry["standard_activity_gbq"][nuclide]))
    changes = entry.get("changes")
    if changes is None or changes["nuclide"] != nuclide:
        return standard
    counts = [int(changes[key]) for key in ("reduced", "increased", "unchanged")]
    total = math.fsum(
        (counts[0] * float(changes["mean_reduction_mbq"]), counts[1] * float(changes["mean_increase_mbq"]))
    )
    return standard + (cycles - 1) * MEGABECQUEREL.to_core(total / sum(counts))


def duonen_absorbed_dose_per_administered_activity_gy_per_bq(organ: str, arm: str, nuclide: str) -> float:
    """Median absorbed dose over cumulative activity of a DUONEN arm: the reported median activity where there is one,
    else the mean that the published changes imply.
    """
    entry = _published()["duonen"]["arms"][arm]
    reported = entry.get("median_cumulative_activity_gbq", {}).get(nuclide)
    activity = (
        duonen_mean_cumulative_activity_bq(arm, nuclide) if reported is None else GIGABECQUEREL.to_core(float(reported))
    )
    return float(entry[f"{organ}_gy"][nuclide]) / activity


def duonen_ratio_y90_to_lu177(organ: str, arm: str) -> float:
    """Ratio of the absorbed doses per activity of 90Y and 177Lu in a tandem arm."""
    return duonen_absorbed_dose_per_administered_activity_gy_per_bq(
        organ, arm, "Y-90"
    ) / duonen_absorbed_dose_per_administered_activity_gy_per_bq(organ, arm, "Lu-177")
