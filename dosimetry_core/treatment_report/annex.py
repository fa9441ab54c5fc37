"""The technical annex, for an audit: parameters of every curve, uncertainty by source, tables with digests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, text_of, voi_order
from dosimetry_core.treatment_report.first_page import dose
from dosimetry_core.treatment_report.language import Language
from dosimetry_core.units import HOUR, MEGABECQUEREL, MILLILITRE, PERCENT, SECONDS_PER_HOUR, DisplayUnit

_PER_HOUR = DisplayUnit("1/h", 1.0 / SECONDS_PER_HOUR, 5)
_UNITS = {"_bq": MEGABECQUEREL, "_per_s": _PER_HOUR, "_s": HOUR}
_SIGNIFICANT = 5


def annex(results: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Everything the annex shows."""
    return {
        "fits": [
            {"cycle": str(cycle["number"]), "rows": rows}
            for cycle in results.get("cycles", ())
            if (rows := _fits(cycle, language))
        ],
        "vois": _vois(results, language),
        "candidates": _candidates(results, language),
        "effects": _effects(results, language),
        "tables": [
            {"name": str(name), "digest": str(digest)}
            for name, digest in sorted(((results.get("software") or {}).get("data_tables") or {}).items())
        ],
    }


def _fits(cycle: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    vois = cycle.get("vois", {})
    rows = []
    for name in voi_order(vois):
        fits = vois[name].get("fit") or {}
        for nuclide in nuclide_order(fits):
            fit = fits[nuclide]
            spread = fit.get("parameter_standard_uncertainties") or {}
            rows.append(
                {
                    "name": name,
                    "nuclide": nuclide_symbol(nuclide),
                    "model": language.shown(str(fit.get("model", "–"))),
                    "weights": language.shown(str(fit.get("weights") or "–")),
                    "parameters": [
                        _parameter(key, value, spread.get(key), language)
                        for key, value in (fit.get("parameters") or {}).items()
                        if isinstance(value, int | float)
                    ],
                    "correlations": _correlations(fit.get("covariance") or {}, language),
                    "chi_squared": _plain(fit.get("chi_squared"), language),
                    "freedom": "–" if fit.get("degrees_of_freedom") is None else str(fit["degrees_of_freedom"]),
                    "criterion": _plain(fit.get("information_criterion"), language),
                    "bounds": ", ".join(language.shown(in_words(str(b))) for b in fit.get("bounds_active") or ())
                    or "–",
                }
            )
    return rows


def _correlations(covariance: Mapping[str, Any], language: Language) -> str:
    """Correlation coefficients of the free parameters, in the order in which these stand."""
    values = covariance.get("values") or []
    found = []
    for row in range(1, len(values)):
        for column in range(row):
            spread = math.sqrt(values[row][row] * values[column][column])
            if spread > 0:
                found.append(_plain(values[row][column] / spread, language))
    return "; ".join(found) or "–"


def _vois(results: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """What each VOI rests on: where it comes from, its density, and its volume on every scan."""
    rows = []
    for cycle in results.get("cycles", ()):
        vois = cycle.get("vois", {})
        for name in voi_order(vois):
            voi = vois[name]
            volumes = voi.get("volume_by_time_point_ml") or ()
            density = voi.get("density_g_per_ml")
            rows.append(
                {
                    "cycle": str(cycle["number"]),
                    "name": name,
                    "role": language.shown(in_words(str(voi.get("role") or "–"))),
                    "source": str(voi.get("source") or "–"),
                    "density": "–" if density is None else language.number(f"{density:.3g}"),
                    "volumes": "; ".join(language.number(text_of(MILLILITRE, volume)) for volume in volumes) or "–",
                }
            )
    return rows


def _parameter(key: str, value: float, spread: float | None, language: Language) -> dict[str, str]:
    suffix = next((ending for ending in _UNITS if key.endswith(ending)), "")
    unit = _UNITS.get(suffix)
    shown = value if unit is None else unit.from_core(value)
    unsure = None if spread is None else (spread if unit is None else unit.from_core(spread))
    return {
        "name": language.shown(in_words(key.removesuffix(suffix))),
        "value": language.number(_written_out(shown, _SIGNIFICANT)),
        "uncertainty": "–" if unsure is None else language.number(_written_out(unsure, 2)),
        "unit": "" if unit is None else unit.symbol,
    }


def _written_out(value: float, significant: int) -> str:
    """A number to significant digits, never with an exponent."""
    return f"{Decimal(f'{value:.{significant}g}'):f}".replace("-", "−")


def _plain(value: float | None, language: Language) -> str:
    return "–" if value is None else language.number(f"{value:.2f}".replace("-", "−"))


def _candidates(results: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """Models that were tried for a curve, with AICc, where there was a choice."""
    rows = []
    for cycle in results.get("cycles", ()):
        vois = cycle.get("vois", {})
        for name in voi_order(vois):
            for nuclide, fit in (vois[name].get("fit") or {}).items():
                entries = [c for c in fit.get("candidates") or () if isinstance(c, Mapping)]
                if entries:
                    rows.append(
                        {
                            "cycle": str(cycle["number"]),
                            "name": name,
                            "nuclide": nuclide_symbol(nuclide),
                            "models": "; ".join(
                                f"{language.shown(str(c.get('model')))} "
                                f"{_plain(c.get('information_criterion'), language)}"
                                for c in entries
                            ),
                        }
                    )
    return rows


def _effects(results: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """Uncertainty of each organ's dose by source: what cycles share and what is random, in Gy."""
    rows = []
    for cycle in results.get("cycles", ()):
        for name, organ in (cycle.get("organs") or {}).items():
            spread = (organ.get("absorbed_dose_standard_uncertainty_gy") or {}).get("total")
            random = (organ.get("absorbed_dose_random_standard_uncertainty_gy") or {}).get("total")
            total = (organ.get("absorbed_dose_gy") or {}).get("total")
            if spread is None or random is None or not total:
                continue
            rows.append(
                {
                    "cycle": str(cycle["number"]),
                    "organ": language.shown(in_words(name)),
                    "whole": dose(spread, language, beside_gy=total),
                    "random": dose(random, language, beside_gy=total),
                    "common": dose(max(spread**2 - random**2, 0.0) ** 0.5, language, beside_gy=total),
                    "relative": language.number(text_of(PERCENT, spread / total)),
                }
            )
    return rows
