"""Doses of VOIs by all engines, the two readings of organs with VOIs inside, and dose–volume numbers, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.display import voi_colour_of
from app.number_grid import Cell, GridColumn, GridRow, Marked, Number
from app.result_paths import result_path
from dosimetry_core.case import Cycle
from dosimetry_core.dose.engine_comparison import PARTS, EngineComparison
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.results import VoiResult
from dosimetry_core.second_opinion.record import RELATIVE_TOLERANCE
from dosimetry_core.units import GRAY, MILLILITRE, PERCENT
from widgets.dose_volume_view import DoseVolumeShown

ENGINE_WORDS: Final[dict[str, str]] = {
    "organ-level": "organ S values",
    "sphere": "sphere S values",
    "local-deposition": "local deposition",
    "voxel-s-values": "voxel S values",
}
REMARKABLE_DIFFERENCE: Final = 0.05
"""Another engine's dose that is further off is marked; the last column says why it is."""
BESIDE: Final = "beside."
"""Paths of numbers that stand beside the results and are not in results.json."""
_SHOWN_FROM: Final = 0.001
"""Parts of a difference smaller than this are left out of the table; the trail has all of them."""


def engine_text(voi: VoiResult) -> str:
    """The engine in use, and the one that is still being computed."""
    text = ENGINE_WORDS.get(voi.engine or "", "none")
    return text if voi.pending_engine is None else f"{text} (pending: {ENGINE_WORDS[voi.pending_engine]})"


def comparison_columns(results: CycleResult) -> list[GridColumn]:
    """One column pair for each engine that any VOI has beside its own."""
    others = dict.fromkeys(item.engine for voi in results.vois.values() for item in voi.comparisons)
    columns = [
        GridColumn("name", "VOI"),
        GridColumn("engine", "In use"),
        GridColumn("dose", "Gy"),
        GridColumn("second", "Second\ncomputation (Gy)", "written apart, from the same measurements"),
        GridColumn("second difference", "", "against the dose in use; more than 0.5 % is an error"),
    ]
    for engine in ENGINE_WORDS:
        if engine in others:
            words = ENGINE_WORDS[engine]
            columns.append(GridColumn(engine, f"{words[0].upper()}{words[1:]}\n(Gy)"))
            columns.append(GridColumn(f"{engine} difference", "", "against the dose in use"))
    columns.append(GridColumn("why", "Where the difference comes from", wraps=True))
    return columns


def comparison_rows(c: int, results: CycleResult, second_values: Mapping[str, float], mark: str) -> list[GridRow]:
    """One row per VOI: its dose in use, by the second computation, and by every other engine, with the differences.

    ``second_values`` are those of the second opinion, by path; empty until it was heard.
    """
    rows = []
    for name, voi in results.vois.items():
        total = voi.total
        if total is None and not voi.cross_checks_gy:
            continue
        base = result_path("cycles", c, "vois", name)
        value = None if total is None else total.absorbed_dose_gy
        cells: dict[str, Cell] = {
            "name": name,
            "engine": engine_text(voi),
            "dose": Number(f"{base}.absorbed_dose_gy.total", value, GRAY, digits=3),
        }
        second = second_values.get(f"{base}.absorbed_dose_gy.total")
        if second is not None and value:
            cells["second"] = Number(f"{BESIDE}{base}.second", second, GRAY, digits=3)
            cells["second difference"] = signed_percent(second / value - 1)
        elif value is not None:
            cells["second"] = "not recomputed" if second_values else "not heard yet"
        for engine, doses in voi.cross_checks_gy.items():
            path = f"{base}.cross_check_absorbed_dose_gy.{engine}.total"
            cells[engine] = Number(path, sum(doses.values()), GRAY, digits=3)
        for item in voi.comparisons:
            cells[f"{item.engine} difference"] = Marked(
                signed_percent(item.ratio["total"] - 1), "warning" if is_remarkable(item) else ""
            )
        cells["why"] = _why(voi)
        beyond = any(item.beyond_bound for item in voi.comparisons) or voi.pending_engine is not None
        tip = "\n".join(item.explanation for item in voi.comparisons)
        differs = second is not None and value and abs(second / value - 1) > RELATIVE_TOLERANCE
        rows.append(
            GridRow(name, cells, tooltip=tip, mark=mark or ("error" if differs else "warning" if beyond else ""))
        )
    return rows


def is_remarkable(comparison: EngineComparison) -> bool:
    """Whether another engine's dose is more than 5 % off, or further than the methods explain."""
    return comparison.beyond_bound or abs(comparison.ratio["total"] - 1) > REMARKABLE_DIFFERENCE


def _why(voi: VoiResult) -> str:
    """Parts of the difference to the most telling other engine: voxels, else S values, else local deposition."""
    order = ("voxel-s-values", "organ-level", "sphere", "local-deposition")
    by_name = {item.engine: item for item in voi.comparisons}
    chosen = next((by_name[engine] for engine in order if engine in by_name), None)
    return "" if chosen is None else f"{ENGINE_WORDS[chosen.engine]}: {parts_text(chosen)}"


def parts_text(comparison: EngineComparison) -> str:
    """The parts of a difference, the largest first."""
    parts = sorted(comparison.parts.items(), key=lambda item: -abs(item[1]))
    said = [f"{PARTS[name]} {signed_percent(value)}" for name, value in parts if abs(value) >= _SHOWN_FROM]
    return ", ".join(said) or "no part above 0.1 %"


def signed_percent(value: float) -> str:
    """A fraction in percent with its sign; what is shown as zero has none."""
    text = f"{PERCENT.from_core(value):+z.1f} %".replace("-", "−")
    return "0.0 %" if text == "+0.0 %" else text


def histograms(cycle: Cycle, results: CycleResult, current: str) -> list[DoseVolumeShown]:
    """Histograms of the VOIs that have voxel doses."""
    return [
        DoseVolumeShown(
            name,
            voi.voxel_dose.histogram_gy,
            voi.voxel_dose.histogram_volume_fraction,
            voi_colour_of(cycle, voi.voi.voi_id),
            name == current,
        )
        for name, voi in results.vois.items()
        if voi.voxel_dose is not None and voi.voxel_dose.histogram_gy
    ]


DOSE_VOLUME_COLUMNS: Final = (
    GridColumn("name", "VOI"),
    GridColumn("d98", "D98 (Gy)", "98 % of the volume receives at least this"),
    GridColumn("d90", "D90 (Gy)", "90 % of the volume receives at least this"),
    GridColumn("d50", "D50 (Gy)", "half the volume receives at least this"),
    GridColumn("d2", "D2 (Gy)", "2 % of the volume receives at least this"),
    GridColumn("limit", "Volume\nat the limit", "part of the volume that receives the course's limit in this cycle"),
)


def dose_volume_rows(c: int, results: CycleResult, limits_gy: Mapping[str, float], mark: str) -> list[GridRow]:
    """D98 to D2 of every VOI that has voxel doses, and what receives the limit; enclosed VOIs the other way too."""
    rows = []
    for name, voi in results.vois.items():
        numbers = voi.voxel_dose
        if numbers is None:
            continue
        base = f"{result_path('cycles', c, 'vois', name)}.voxel_dose"
        limit = limits_gy.get("kidneys") if voi.role.startswith("kidney") else limits_gy.get(voi.role)
        cells: dict[str, Cell] = {"name": own_name(voi)}
        for key, value in (
            ("d98", numbers.d98_gy),
            ("d90", numbers.d90_gy),
            ("d50", numbers.d50_gy),
            ("d2", numbers.d2_gy),
        ):
            cells[key] = Number(f"{base}.{key}_gy", value, GRAY)
        if limit is not None:
            part = numbers.volume_fraction_receiving(limit)
            cells["limit"] = f"{PERCENT.text(part, digits=1)} at {GRAY.text(limit, digits=1)}"
        rows.append(GridRow(name, cells, mark=mark))
    return rows


def own_name(voi: VoiResult) -> str:
    """A VOI's name, and that the VOIs inside it are not counted."""
    return voi.voi.name if voi.with_enclosed is None else f"{voi.voi.name}, without the VOIs inside"


def enclosed_row(c: int, voi: VoiResult, nuclides: list[str], mark: str) -> GridRow | None:
    """The other reading of a VOI with others inside, as a row of the table of VOIs."""
    reading = voi.with_enclosed
    if reading is None:
        return None
    base = f"{result_path('cycles', c, 'vois', voi.voi.name)}.with_enclosed_vois"
    cells: dict[str, Cell] = {
        "name": f"{voi.voi.name}, with them",
        "volume": Number(f"{base}.volume_ml", reading.volume_ml, MILLILITRE),
        "engine": ", ".join(reading.enclosed),
        "total": Number(f"{base}.absorbed_dose_gy.total", sum(reading.absorbed_dose_gy.values()), GRAY, digits=3),
    }
    for nuclide in nuclides:
        value = reading.absorbed_dose_gy.get(nuclide)
        cells[nuclide] = Number(f"{base}.absorbed_dose_gy.{nuclide}", value, GRAY, digits=3)
    others = {engine: sum(by.values()) for engine, by in reading.by_engine_gy.items()}
    said = (f"{ENGINE_WORDS[engine]} {GRAY.text(value, digits=3)}" for engine, value in others.items())
    tip = "Everything inside the outline: " + ", ".join(said)
    return GridRow(f"{voi.voi.name}/with", cells, tooltip=tip, mark=mark)
