"""The number trail of a VOI: each number between its volume and its absorbed dose, and where it comes from."""

from __future__ import annotations

from app.curves_shown import measured_nuclide
from app.dose_engines_shown import engine_text
from app.number_grid import Cell, Number
from app.result_paths import result_path
from app.reviews import StepKey
from dosimetry_core.case import RadiobiologySettings
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.results import VoiResult
from dosimetry_core.units import GRAM, GRAY, HOUR, MEGABECQUEREL_HOUR, MILLILITRE


def origin_of(name: str) -> StepKey:
    """The step that a row comes from: volumes and masses from VOIs, half-lives and integrals from curves."""
    if name.startswith(("Volume", "Mass")):
        return "voi"
    return "curves" if "half-life" in name or "time-integrated" in name else "dose"


def trail_tooltip(name: str, chosen: RadiobiologySettings) -> str:
    """Where α/β and the repair half-time are from; of any other row, where a click goes."""
    if name in ("α/β (Gy)", "Repair half-time (h)"):
        return chosen.kidneys_source
    return {"voi": "click: its outline", "curves": "click: its curve"}.get(origin_of(name), "click: the engines beside")


def trail_rows(c: int, result: VoiResult, chosen: RadiobiologySettings) -> list[tuple[str, Cell]]:
    """Name and value of each row, from the volume to the BED; ``c`` is the place of the cycle in the results."""
    base = result_path("cycles", c, "vois", result.voi.name)
    trail: list[tuple[str, Cell]] = [
        ("Volume (mL)", Number(f"{base}.volume_ml", result.volume_ml, MILLILITRE)),
        ("Mass (g)", Number(f"{base}.mass_kg", result.mass_kg, GRAM)),
    ]
    imaged = measured_nuclide(result)
    for nuclide, fit in result.fits.items():
        symbol, path = nuclide_symbol(nuclide), f"{base}.fit.{nuclide}"
        how = "" if nuclide == imaged else f" (from {nuclide_symbol(fit.derived_from or '')})"
        trail += [
            (
                f"{symbol} effective half-life (h){how}",
                Number(f"{path}.effective_half_life_s", fit.effective_half_life_s, HOUR, digits=1),
            ),
            (
                f"{symbol} time-integrated (MBq·h)",
                Number(f"{path}.time_integrated_activity_bq_s", fit.time_integrated_activity_bq_s, MEGABECQUEREL_HOUR),
            ),
        ]
    trail += [
        (
            f"{nuclide_symbol(nuclide)} absorbed dose (Gy)",
            Number(
                f"{base}.absorbed_dose_gy.{nuclide}",
                dose.absorbed_dose_gy,
                GRAY,
                digits=3,
                uncertainty=dose.standard_uncertainty_gy,
                uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy.{nuclide}",
            ),
        )
        for nuclide, dose in result.doses.items()
    ]
    total = result.total
    if total is not None:
        trail.append(
            ("Absorbed dose (Gy)", Number(f"{base}.absorbed_dose_gy.total", total.absorbed_dose_gy, GRAY, digits=3))
        )
    if result.bed_gy is not None:
        trail.append(("BED (Gy)", Number(f"{base}.bed_gy", result.bed_gy, GRAY)))
        trail += [
            ("α/β (Gy)", GRAY.text(chosen.kidneys_alpha_beta_gy, with_symbol=False)),
            ("Repair half-time (h)", HOUR.text(chosen.kidneys_repair_half_life_s, digits=1, with_symbol=False)),
        ]
    trail.append(("Engine", engine_text(result)))
    if result.failure:
        trail.append(("No result", result.failure))
    return trail
