"""Remarks on absorbed doses and half-lives outside the bands that published series suggest."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import Finding
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import GRAY, GRAY_PER_GIGABECQUEREL, HOUR, PERCENT, DisplayUnit


@functools.cache
def _bands() -> dict[str, Any]:
    table: dict[str, Any] = table_json("plausibility", "bands.json")
    return table


def absorbed_dose_per_activity_band_gy_per_bq(organ: str, nuclide: str) -> tuple[float, float] | None:
    """Band of the absorbed dose per administered activity in Gy/Bq; None where there is none."""
    band = _bands()["absorbed_dose_per_administered_activity_gy_per_gbq"].get(organ, {}).get(nuclide)
    if band is None:
        return None
    return GRAY_PER_GIGABECQUEREL.to_core(float(band[0])), GRAY_PER_GIGABECQUEREL.to_core(float(band[1]))


def effective_half_life_band_s(organ: str, nuclide: str) -> tuple[float, float] | None:
    """Band of the effective half-life in s; None where there is none."""
    band = _bands()["effective_half_life_h"].get(organ, {}).get(nuclide)
    return None if band is None else (HOUR.to_core(float(band[0])), HOUR.to_core(float(band[1])))


def _outside(
    code: str, what: str, value: float, band: tuple[float, float] | None, unit: DisplayUnit, place: str
) -> list[Finding]:
    if band is None or band[0] <= value <= band[1]:
        return []
    return [
        Finding(
            code,
            "warning",
            f"{what} is {unit.text(value)}; {unit.text(band[0], with_symbol=False)} to {unit.text(band[1])} is usual.",
            place,
        )
    ]


def dose_per_activity_findings(
    organ: str,
    absorbed_dose_per_administered_activity_gy_per_bq: Mapping[str, float],
    *,
    place: str = "",
) -> tuple[Finding, ...]:
    """Remarks on an organ's absorbed dose per activity of one cycle.

    Parameters
    ----------
    organ
        ``kidneys`` or ``red_marrow``; others have no band.
    absorbed_dose_per_administered_activity_gy_per_bq
        By nuclide.
    place
        For example ``"cycle 2, kidneys"``.
    """
    doses = absorbed_dose_per_administered_activity_gy_per_bq
    name = organ.replace("_", " ")
    findings: list[Finding] = []
    for nuclide, value in doses.items():
        findings += _outside(
            "dose-per-activity-unusual",
            f"The absorbed dose to the {name} per administered activity of {nuclide}",
            value,
            absorbed_dose_per_activity_band_gy_per_bq(organ, nuclide),
            GRAY_PER_GIGABECQUEREL,
            place,
        )
    band = _bands()["ratio_y90_to_lu177"].get(organ)
    if band is not None and doses.get(LU177) and Y90 in doses:
        findings += _outside(
            "nuclide-ratio-unusual",
            f"The ratio of 90Y to 177Lu in absorbed dose to the {name} per activity",
            doses[Y90] / doses[LU177],
            (float(band[0]), float(band[1])),
            DisplayUnit("", 1.0, 2),
            place,
        )
    return tuple(findings)


def change_findings(
    organ: str, now_gy_per_bq: Mapping[str, float], before_gy_per_bq: Mapping[str, float], *, place: str = ""
) -> tuple[Finding, ...]:
    """Remarks on an absorbed dose per administered activity that is far from that of the last measured cycle.

    Parameters
    ----------
    organ
        Its name.
    now_gy_per_bq, before_gy_per_bq
        By nuclide, in this cycle and in the last one that was measured.
    place
        For example ``"cycle 2, kidneys"``.
    """
    factor = float(_bands()["ratio_to_last_cycle"])
    return tuple(
        Finding(
            "dose-per-activity-changed",
            "warning",
            f"The absorbed dose to the {organ.replace('_', ' ')} per administered activity of {nuclide} is "
            f"{value / before_gy_per_bq[nuclide]:.2f} times that of the last measured cycle.",
            place,
        )
        for nuclide, value in now_gy_per_bq.items()
        if before_gy_per_bq.get(nuclide) and not 1.0 / factor <= value / before_gy_per_bq[nuclide] <= factor
    )


def effective_half_life_findings(
    organ: str, nuclide: str, effective_half_life_s: float, *, place: str = ""
) -> tuple[Finding, ...]:
    """Remarks on an effective half-life outside its band; ``organ`` is ``kidneys`` for either side."""
    return tuple(
        _outside(
            "effective-half-life-unusual",
            f"The effective half-life of {nuclide} in the {organ.replace('_', ' ')}",
            effective_half_life_s,
            effective_half_life_band_s(organ, nuclide),
            HOUR,
            place,
        )
    )


def kidney_sides_findings(left_gy: float, right_gy: float, *, place: str = "") -> tuple[Finding, ...]:
    """A remark when the kidneys' absorbed doses differ by more than 25 % of their mean."""
    allowed = float(_bands()["kidney_sides_relative_difference"])
    mean = (left_gy + right_gy) / 2
    if not mean > 0 or abs(left_gy - right_gy) <= allowed * mean:
        return ()
    return (
        Finding(
            "kidneys-differ",
            "warning",
            f"The left kidney gets {GRAY.text(left_gy)} and the right {GRAY.text(right_gy)}: more than "
            f"{PERCENT.text(allowed, digits=0)} apart.",
            place,
        ),
    )
