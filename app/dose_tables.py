"""Tables of the dose screen: organs, VOIs, marrow by where it comes from, the course, the budget of uncertainty."""

from __future__ import annotations

import math
from typing import Final

from app.dose_engines_shown import BESIDE, enclosed_row, engine_text, own_name
from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order
from dosimetry_core.results import VoiResult
from dosimetry_core.units import GRAM, GRAY, GRAY_PER_GIGABECQUEREL, MILLIGRAY, MILLILITRE, PERCENT

Table = tuple[list[GridColumn], list[GridRow]]
SOURCE_WORDS: Final = {
    "volume": "outline: volume",
    "partial_volume": "partial-volume correction",
    "counts": "image noise",
    "registration": "alignment of the scans",
    "fit": "curve: scatter and model",
    "s_value": "S value",
    "identity": "⁹⁰Y goes where ¹⁷⁷Lu goes",
    "blood": "blood curve",
    "whole_body": "whole-body curve",
    "entered": "as entered",
}
"""Sources of error in the words of a table."""
CONVENTIONS = ("icrp-other", "total-body-difference", "soft-tissue")
NO_TABLE: Table = ([], [])


def organs(c: int, results: CycleResult, mark: str) -> Table:
    """Absorbed dose of each organ by nuclide and per administered activity; ``c`` is the place of the cycle."""
    nuclides = nuclide_order({nuclide for organ in results.organs.values() for nuclide in organ.doses})
    columns = [GridColumn("organ", "Organ")]
    columns += [GridColumn(n, f"{nuclide_symbol(n)} (Gy)") for n in nuclides]
    columns.append(GridColumn("total", "Total (Gy)", "absorbed dose ± standard uncertainty, k = 1"))
    columns += [GridColumn(f"per {n}", f"{nuclide_symbol(n)} (Gy/GBq)") for n in nuclides]
    columns.append(GridColumn("origin", "Origin"))
    rows = []
    for organ in organ_order(results.organs):
        held = results.organs[organ]
        base = result_path("cycles", c, "organs", organ)
        cells: dict[str, Cell] = {"organ": in_words(organ), "origin": held.origin}
        for nuclide, dose in held.doses.items():
            cells[nuclide] = Number(f"{base}.absorbed_dose_gy.{nuclide}", dose.absorbed_dose_gy, GRAY, digits=3)
        cells["total"] = Number(
            f"{base}.absorbed_dose_gy.total",
            held.total.absorbed_dose_gy,
            GRAY,
            digits=3,
            uncertainty=held.total.standard_uncertainty_gy,
            uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy.total",
        )
        for nuclide, value in held.per_administered_activity_gy_per_bq.items():
            path = f"{base}.absorbed_dose_per_administered_activity_gy_per_bq.{nuclide}"
            cells[f"per {nuclide}"] = Number(path, value, GRAY_PER_GIGABECQUEREL)
        rows.append(GridRow(organ, cells, mark=mark))
    return columns, rows


def vois(c: int, results: CycleResult, active: str, mark: str) -> Table:
    """Volume, mass and absorbed dose of each VOI; ``active`` is the name of the one that is marked."""
    nuclides = nuclide_order({n for voi in results.vois.values() for n in voi.doses})
    columns = [GridColumn("name", "VOI"), GridColumn("volume", "Volume (mL)"), GridColumn("mass", "Mass (g)")]
    columns += [GridColumn(n, f"{nuclide_symbol(n)} (Gy)") for n in nuclides]
    columns += [GridColumn("total", "Total (Gy)"), GridColumn("engine", "Engine")]
    rows = []
    for name, voi in results.vois.items():
        base = result_path("cycles", c, "vois", name)
        cells: dict[str, Cell] = {
            "name": f"{'▸ ' if name == active else ''}{own_name(voi)}",
            "volume": Number(f"{base}.volume_ml", voi.volume_ml, MILLILITRE),
            "mass": Number(f"{base}.mass_kg", voi.mass_kg, GRAM),
            "engine": voi.failure or engine_text(voi),
        }
        for nuclide in nuclides:
            dose = voi.doses.get(nuclide)
            value = None if dose is None else dose.absorbed_dose_gy
            cells[nuclide] = Number(f"{base}.absorbed_dose_gy.{nuclide}", value, GRAY, digits=3)
        total = voi.total
        cells["total"] = Number(
            f"{base}.absorbed_dose_gy.total",
            None if total is None else total.absorbed_dose_gy,
            GRAY,
            digits=3,
            uncertainty=None if total is None else total.standard_uncertainty_gy,
            uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy.total",
        )
        rows.append(GridRow(name, cells, mark="error" if voi.failure else mark))
        together = enclosed_row(c, voi, nuclides, mark)
        if together is not None:
            rows.append(together)
    return columns, rows


def marrow_sources(c: int, results: CycleResult, mark: str) -> Table:
    """Red marrow by where its dose comes from."""
    marrow = results.organs.get("red_marrow")
    if marrow is None:
        empty = GridRow("none", {"source": "no blood samples, so no blood-based marrow dose"})
        return [GridColumn("source", "Red marrow")], [empty]
    nuclides = nuclide_order(marrow.doses)
    base = result_path("cycles", c, "organs", "red_marrow")
    columns = [GridColumn("source", "From")]
    columns += [GridColumn(n, f"{nuclide_symbol(n)} (mGy)") for n in nuclides]
    rows = []
    for source, doses in marrow.contributions_gy.items():
        cells: dict[str, Cell] = {"source": "Blood in the marrow" if source == "self" else in_words(source)}
        for nuclide in nuclides:
            cells[nuclide] = Number(f"{base}.contributions.{source}.{nuclide}", doses.get(nuclide), MILLIGRAY)
        rows.append(GridRow(source, cells, mark=mark))
    total: dict[str, Cell] = {"source": "All"}
    for nuclide in nuclides:
        path = f"{base}.absorbed_dose_gy.{nuclide}"
        total[nuclide] = Number(path, marrow.doses[nuclide].absorbed_dose_gy, MILLIGRAY)
    rows.append(GridRow("all", total, mark=mark or "total"))
    return columns, rows


def marrow_conventions(c: int, results: CycleResult, chosen: str, mark: str) -> Table:
    """The marrow's dose by each convention for the rest of the body."""
    if "red_marrow" not in results.organs:
        return NO_TABLE
    rows = []
    for name in CONVENTIONS:
        if name in results.red_marrow_alternatives_gy:
            path = result_path("cycles", c, "red_marrow_alternatives_gy", name)
            number = Number(path, results.red_marrow_alternatives_gy[name], MILLIGRAY)
            words = name.replace("-", " ").replace("icrp", "ICRP") + (" (chosen)" if name == chosen else "")
            rows.append(GridRow(name, {"name": words, "dose": number}, mark=mark))
    return [GridColumn("name", "Rest of the body by"), GridColumn("dose", "Marrow (mGy)")], rows


def course(evaluation: Evaluation, mark: str) -> Table:
    """Absorbed dose of each organ over the course, what is left of its limit, and BED."""
    columns = [
        GridColumn("organ", "Organ"),
        GridColumn("dose", "Gy"),
        GridColumn("limit", "Limit"),
        GridColumn("left", "Left"),
        GridColumn("bed", "BED"),
    ]
    rows = []
    for organ in organ_order(evaluation.course_organs):
        held, base = evaluation.course_organs[organ], result_path("course", "organs", organ)
        cells: dict[str, Cell] = {
            "organ": in_words(organ),
            "dose": Number(f"{base}.absorbed_dose_gy", held.delivered.absorbed_dose_gy, GRAY),
            "limit": Number(f"{base}.limit_gy", held.limit_gy, GRAY, digits=1),
            "left": Number(f"{base}.remaining_gy", held.remaining_gy, GRAY),
            "bed": Number(f"{base}.bed_gy", held.bed_gy, GRAY),
        }
        rows.append(GridRow(organ, cells, mark=mark))
    return columns, rows


def uncertainty_budget(c: int, result: VoiResult, mark: str) -> tuple[Table, str]:
    """Share of each source in the variance of a VOI's dose, the largest first, and what would improve it most."""
    budgets, total = result.budgets, result.total
    if "total" not in budgets or total is None:
        return NO_TABLE, ""
    whole = budgets["total"]
    base = result_path("cycles", c, "vois", result.voi.name, "uncertainty_budget", "total")
    rows = []
    for source, share in sorted(whole.variance_shares.items(), key=lambda pair: -pair[1]):
        item, path = whole.items[source], f"{base}.sources.{source}"
        cells: dict[str, Cell] = {
            "source": SOURCE_WORDS.get(source, source.replace("_", " ")),
            "gray": Number(f"{BESIDE}{path}.gy", math.sqrt(item.variance) * total.absorbed_dose_gy, GRAY, digits=3),
            "random": Number(f"{path}.random_relative_standard_uncertainty", item.random, PERCENT, digits=1),
            "common": Number(f"{path}.common_relative_standard_uncertainty", item.common, PERCENT, digits=1),
            "share": Number(f"{path}.variance_share", share, PERCENT, digits=0),
        }
        rows.append(GridRow(source, cells, mark=mark))
    columns = [
        GridColumn("source", "Source"),
        GridColumn("gray", "± Gy", "standard uncertainty of this VOI's dose by this source alone"),
        GridColumn("random", "Random (%)", "differs from cycle to cycle"),
        GridColumn("common", "Common (%)", "the same in every cycle"),
        GridColumn("share", "Share (%)", "of the variance"),
    ]
    return (columns, rows), whole.text
