"""Tables made of the tree of results.json: one for each kind of result, and one of every single value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dosimetry_core.given_details import DETAILS
from dosimetry_core.result_tables.table import Cell, Column, ResultTable
from dosimetry_core.units import (
    GIGABECQUEREL,
    GRAM,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    HOUR,
    KILOBECQUEREL_PER_ML,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    MILLILITRE,
    MILLIMETRE,
    MINUTE,
    PERCENT,
    SECOND,
    DisplayUnit,
)

_CYCLE, _VOI, _NUCLIDE, _ORGAN = Column("Cycle"), Column("VOI"), Column("Nuclide"), Column("Organ")
_UNCERTAINTY = "Standard uncertainty"
TOTAL = "total"


def result_tables(results: Mapping[str, Any]) -> tuple[ResultTable, ...]:
    """All tables of a tree of results.json; one that would have no row is left out, "everything" never."""
    cycles = results.get("cycles", ())
    tables = (
        _administrations(cycles),
        _scans(cycles),
        _activities(cycles),
        _fits(cycles),
        _parameters(cycles),
        _doses(cycles),
        _organs(cycles),
        _contributions(cycles),
        _budgets(cycles),
        _blood(cycles),
        _laboratory(cycles),
        _course(results),
        _plan(results),
        _findings(results),
        _inputs(results),
        everything(results),
    )
    return tuple(table for table in tables if table.rows)


def everything(results: Mapping[str, Any]) -> ResultTable:
    """Every value of results.json by its path, in core units, unrounded."""
    rows = tuple(_leaves(results, ""))
    return ResultTable("everything", (Column("Path in results.json"), Column("Value in core units")), rows)


def _leaves(tree: Any, path: str) -> Iterator[tuple[Cell, ...]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list | tuple):
        for number, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, str(tree).lower() if isinstance(tree, bool) else tree


def _in(unit: DisplayUnit, value: float | None) -> float | None:
    return None if value is None else unit.from_core(value)


def _table(name: str, columns: Sequence[Column], rows: Iterator[tuple[Cell, ...]]) -> ResultTable:
    return ResultTable(name, tuple(columns), tuple(rows))


def _administrations(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, _NUCLIDE, Column("Administered activity", GIGABECQUEREL), Column("Planned activity", GIGABECQUEREL),
        Column("Start of infusion"), Column("Infusion", MINUTE), Column("Entered by"), Column("Comment"),
        *(Column(key.replace("_", " ").capitalize()) for key in DETAILS),
    )  # fmt: skip
    return _table(
        "administrations",
        columns,
        (
            (
                cycle["number"],
                item["nuclide"],
                _in(GIGABECQUEREL, item["administered_activity_bq"]),
                _in(GIGABECQUEREL, item.get("planned_activity_bq")),
                str(item["start"]),
                _in(MINUTE, item.get("infusion_s")),
                item.get("given_by"),
                item.get("comment"),
                *(item.get(key) for key in DETAILS),
            )
            for cycle in cycles
            for item in cycle.get("administrations", ())
        ),
    )


def _scans(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, Column("Time point"), Column("Start"), Column("Time after administration", HOUR),
        Column("Counting duration", SECOND), Column("Activity in the field of view", MEGABECQUEREL),
        Column("Registration"), Column("Residual", MILLIMETRE), Column("Confirmed by"), Column("SPECT series UID"),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        for cycle in cycles:
            for number, point in enumerate(cycle.get("time_points", ()), 1):
                spect, registration = point.get("spect") or {}, point.get("registration") or {}
                yield (
                    cycle["number"],
                    number,
                    spect.get("acquisition_start"),
                    _in(HOUR, point["time_after_administration_s"]),
                    _in(SECOND, spect.get("counting_duration_s")),
                    _in(MEGABECQUEREL, point.get("field_of_view_activity_bq")),
                    registration.get("method"),
                    _in(MILLIMETRE, registration.get("residual_mm")),
                    registration.get("confirmed_by"),
                    spect.get("series_uid"),
                )

    return _table("scans", columns, rows())


def _activities(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, _VOI, _NUCLIDE, Column("Time point"), Column("Time after administration", HOUR),
        Column("Activity", MEGABECQUEREL), Column(_UNCERTAINTY, MEGABECQUEREL), Column("Partial-volume factor"),
        Column("Volume", MILLILITRE), Column("Mass", GRAM), Column("In the fit"),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        for cycle in cycles:
            times = [point["time_after_administration_s"] for point in cycle.get("time_points", ())]
            for name, voi in (cycle.get("vois") or {}).items():
                factors = voi.get("partial_volume_factor") or [None] * len(times)
                for nuclide, values in (voi.get("activity_bq") or {}).items():
                    spread = (voi.get("activity_standard_uncertainty_bq") or {}).get(nuclide) or [None] * len(values)
                    kept = ((voi.get("fit") or {}).get(nuclide) or {}).get("included") or [True] * len(values)
                    for number, value in enumerate(values):
                        yield (
                            cycle["number"],
                            name,
                            nuclide,
                            number + 1,
                            _in(HOUR, times[number]),
                            _in(MEGABECQUEREL, value),
                            _in(MEGABECQUEREL, spread[number]),
                            factors[number],
                            _in(MILLILITRE, voi.get("volume_ml")),
                            _in(GRAM, voi.get("mass_kg")),
                            "yes" if kept[number] else "no",
                        )

    return _table("activities", columns, rows())


def _each_fit(cycles: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str, str, Mapping[str, Any]]]:
    for cycle in cycles:
        for name, voi in (cycle.get("vois") or {}).items():
            for nuclide, fit in (voi.get("fit") or {}).items():
                yield cycle, name, nuclide, fit


def _fits(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, _VOI, _NUCLIDE, Column("Model"), Column("Weights"), Column("Derived from"),
        Column("Effective half-life", HOUR), Column("Time-integrated activity", MEGABECQUEREL_HOUR),
        Column(_UNCERTAINTY, MEGABECQUEREL_HOUR), Column("After the last time point", PERCENT),
        Column("Before the first time point", PERCENT), Column("Chi squared"), Column("Degrees of freedom"),
        Column("AICc"),
    )  # fmt: skip
    return _table(
        "curves",
        columns,
        (
            (
                cycle["number"],
                name,
                nuclide,
                fit.get("model"),
                fit.get("weights"),
                fit.get("derived_from"),
                _in(HOUR, fit.get("effective_half_life_s")),
                _in(MEGABECQUEREL_HOUR, fit["time_integrated_activity_bq_s"]),
                _in(MEGABECQUEREL_HOUR, fit.get("time_integrated_activity_standard_uncertainty_bq_s")),
                _in(PERCENT, fit.get("extrapolated_fraction")),
                _in(PERCENT, fit.get("before_first_point_fraction")),
                fit.get("chi_squared"),
                fit.get("degrees_of_freedom"),
                fit.get("information_criterion"),
            )
            for cycle, name, nuclide, fit in _each_fit(cycles)
        ),
    )


def _parameters(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, _VOI, _NUCLIDE, Column("Parameter, unit at its end"), Column("Value"), Column(_UNCERTAINTY),
    )  # fmt: skip
    return _table(
        "parameters",
        columns,
        (
            (cycle["number"], name, nuclide, key, value, (fit.get("parameter_standard_uncertainties") or {}).get(key))
            for cycle, name, nuclide, fit in _each_fit(cycles)
            for key, value in (fit.get("parameters") or {}).items()
            if isinstance(value, int | float)
        ),
    )


def _dose_rows(regions: Mapping[str, Mapping[str, Any]], first: Cell) -> Iterator[tuple[Cell, ...]]:
    for name, region in regions.items():
        spread = region.get("absorbed_dose_standard_uncertainty_gy") or {}
        per_activity = region.get("absorbed_dose_per_administered_activity_gy_per_bq") or {}
        for nuclide, value in (region.get("absorbed_dose_gy") or {}).items():
            whole = nuclide == TOTAL
            yield (
                first,
                name,
                nuclide,
                _in(GRAY, value),
                _in(GRAY, spread.get(nuclide)),
                _in(GRAY_PER_GIGABECQUEREL, per_activity.get(nuclide)),
                _in(GRAY, region.get("bed_gy")) if whole else None,
                region.get("engine") or region.get("origin"),
            )


_DOSE_COLUMNS = (
    Column("Absorbed dose", GRAY), Column(_UNCERTAINTY, GRAY),
    Column("Absorbed dose per administered activity", GRAY_PER_GIGABECQUEREL), Column("BED", GRAY),
)  # fmt: skip


def _doses(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = (row for cycle in cycles for row in _dose_rows(cycle.get("vois") or {}, cycle["number"]))
    return _table("doses of VOIs", (_CYCLE, _VOI, _NUCLIDE, *_DOSE_COLUMNS, Column("Engine")), rows)


def _organs(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = (row for cycle in cycles for row in _dose_rows(cycle.get("organs") or {}, cycle["number"]))
    return _table("doses of organs", (_CYCLE, _ORGAN, _NUCLIDE, *_DOSE_COLUMNS, Column("Origin")), rows)


def _contributions(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (_CYCLE, _ORGAN, Column("From"), _NUCLIDE, Column("Absorbed dose", GRAY))
    return _table(
        "contributions",
        columns,
        (
            (cycle["number"], organ, source, nuclide, _in(GRAY, value))
            for cycle in cycles
            for organ, region in (cycle.get("organs") or {}).items()
            for source, doses in (region.get("contributions") or {}).items()
            for nuclide, value in doses.items()
        ),
    )


def _budgets(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, _VOI, _NUCLIDE, Column("Source"), Column("Share of the variance", PERCENT),
        Column("Common to all cycles", PERCENT), Column("Random", PERCENT),
    )  # fmt: skip
    return _table(
        "uncertainty",
        columns,
        (
            (
                cycle["number"],
                name,
                nuclide,
                source,
                _in(PERCENT, part.get("variance_share")),
                _in(PERCENT, part.get("common_relative_standard_uncertainty")),
                _in(PERCENT, part.get("random_relative_standard_uncertainty")),
            )
            for cycle in cycles
            for name, voi in (cycle.get("vois") or {}).items()
            for nuclide, budget in (voi.get("uncertainty_budget") or {}).items()
            for source, part in budget["sources"].items()
        ),
    )


def _blood(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (
        _CYCLE, Column("Time after administration", HOUR), _NUCLIDE,
        Column("Activity concentration", KILOBECQUEREL_PER_ML), Column("Relative standard uncertainty", PERCENT),
    )  # fmt: skip
    return _table(
        "blood",
        columns,
        (
            (
                cycle["number"],
                _in(HOUR, sample["time_after_administration_s"]),
                nuclide,
                _in(KILOBECQUEREL_PER_ML, value),
                _in(PERCENT, sample.get("relative_standard_uncertainty")),
            )
            for cycle in cycles
            for sample in (cycle.get("blood") or {}).get("samples") or ()
            for nuclide, value in sample["activity_concentration_bq_per_ml"].items()
        ),
    )


def _laboratory(cycles: Sequence[Mapping[str, Any]]) -> ResultTable:
    columns = (_CYCLE, Column("Date"), Column("Value, unit at its end"), Column("Number"))
    return _table(
        "laboratory",
        columns,
        (
            (cycle["number"], str(values.get("date")), key, value)
            for cycle in cycles
            for values in cycle.get("laboratory") or ()
            for key, value in values.items()
            if key != "date"
        ),
    )


def _course(results: Mapping[str, Any]) -> ResultTable:
    columns = (
        Column("Region"), Column("Absorbed dose", GRAY), Column(_UNCERTAINTY, GRAY), Column("BED", GRAY),
        Column("Limit", GRAY), Column("Left", GRAY),
    )  # fmt: skip
    course = results.get("course") or {}
    return _table(
        "course",
        columns,
        (
            (
                name,
                _in(GRAY, _whole(region.get("absorbed_dose_gy"))),
                _in(GRAY, _whole(region.get("absorbed_dose_standard_uncertainty_gy"))),
                _in(GRAY, region.get("bed_gy")),
                _in(GRAY, region.get("limit_gy")),
                _in(GRAY, region.get("remaining_gy")),
            )
            for part in ("organs", "vois")
            for name, region in (course.get(part) or {}).items()
        ),
    )


def _whole(value: Any) -> float | None:
    return value.get(TOTAL) if isinstance(value, Mapping) else value


def _plan(results: Mapping[str, Any]) -> ResultTable:
    plan = results.get("plan") or {}

    def rows() -> Iterator[tuple[Cell, ...]]:
        for nuclide, value in (plan.get("activities_bq") or {}).items():
            yield "activity of the next cycle", nuclide, _in(GIGABECQUEREL, value), GIGABECQUEREL.symbol
        for nuclide, value in (plan.get("unrounded_activities_bq") or {}).items():
            yield "activity before rounding", nuclide, _in(GIGABECQUEREL, value), GIGABECQUEREL.symbol
        for organ, parts in (plan.get("predicted_absorbed_dose_gy") or {}).items():
            for key, value in parts.items():
                yield f"predicted absorbed dose, {key.replace('_', ' ')}", organ, _in(GRAY, value), GRAY.symbol
        for limit, value in (plan.get("probability_of_exceeding") or {}).items():
            yield "probability of exceeding", limit, _in(PERCENT, value), PERCENT.symbol
        for entry in plan.get("activity_by_certainty") or ():
            certainty = PERCENT.text(entry["certainty"], digits=0)
            value = _in(GIGABECQUEREL, entry.get("activity_bq"))
            yield f"activity that keeps every limit with {certainty}", plan.get("free_nuclide"), value, "GBq"

    return _table("plan", (Column("Quantity"), Column("Of"), Column("Value"), Column("Unit")), rows())


def _findings(results: Mapping[str, Any]) -> ResultTable:
    columns = (Column("Level"), Column("Code"), Column("Place"), Column("Text"))
    rows = ((f["level"], f["code"], f.get("place"), f["text"]) for f in results.get("findings", ()))
    return _table("findings", columns, rows)


def _inputs(results: Mapping[str, Any]) -> ResultTable:
    rows = ((str(name), str(digest)) for name, digest in (results.get("inputs") or {}).items())
    return _table("inputs", (Column("File"), Column("SHA-256")), rows)
