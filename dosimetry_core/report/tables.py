"""Tables of the printed plan after its first page: doses, VOIs, marrow, laboratory, settings, findings, inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dosimetry_core.plan_record import absorbed_dose_text, activity_text, root_digest
from dosimetry_core.report.words import (
    NOT_MEASURED,
    capitalised,
    in_words,
    laboratory_order,
    laboratory_words,
    measured_nuclides,
    minus,
    nuclide_order,
    nuclide_symbol,
    organ_order,
    text_of,
    voi_order,
)
from dosimetry_core.units import (
    COUNTS_PER_S_PER_MBQ,
    GRAM,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    HOUR,
    KILOBECQUEREL_PER_ML,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    MICROSECOND,
    MILLILITRE,
    MILLIMETRE,
    PERCENT,
    DisplayUnit,
)

_DIGEST_SHOWN = 16
_GRAM_PER_ML = DisplayUnit("g/mL", 1.0, 2)
_SETTING_UNITS = {
    "_cps_per_bq": (COUNTS_PER_S_PER_MBQ, "_cps_per_bq"),
    "_g_per_ml": (_GRAM_PER_ML, "_g_per_ml"),
    "_time_s": (MICROSECOND, "_s"),
    "_half_life_s": (HOUR, "_s"),
    "_fwhm_mm": (MILLIMETRE, "_mm"),
    "_ml": (MILLILITRE, "_ml"),
    "_alpha_beta_gy": (GRAY, "_gy"),
}
"""How a setting's name ends → the unit in which it is shown, and the letters of the name that are its own unit."""
_SOURCES = ("self", "kidneys", "liver", "spleen", "lesions", "remainder")


def _dose(value_gy: float | None, *, beside_gy: float | None = None) -> str:
    return "–" if value_gy is None else minus(absorbed_dose_text(value_gy, beside_gy=beside_gy))


def _activities(values: Sequence[float], beside: Sequence[float]) -> list[str]:
    """Activities in MBq with the decimals that give the value each stands beside three significant digits."""
    return [
        text_of(MEGABECQUEREL, value, digits=_activity_digits(MEGABECQUEREL.from_core(other)))
        for value, other in zip(values, beside, strict=True)
    ]


def _activity_digits(value_mbq: float) -> int:
    return next((digits for digits, least in enumerate((100.0, 10.0, 1.0)) if abs(value_mbq) >= least), 3)


def _nuclides(regions: Sequence[Mapping[str, Any]]) -> list[str]:
    return nuclide_order({name for region in regions for name in region.get("absorbed_dose_gy") or {}})


def _total(value: Any) -> float | None:
    return value.get("total") if isinstance(value, Mapping) else value


def course_table(results: Mapping[str, Any]) -> dict[str, Any]:
    """Absorbed dose per organ, cycle and nuclide with standard uncertainties, and the sum over the course."""
    cycles = results.get("cycles", ())
    organs = organ_order({name for cycle in cycles for name in cycle.get("organs", {})})
    nuclides = _nuclides([organ for cycle in cycles for organ in cycle.get("organs", {}).values()])
    rows = []
    for organ in organs:
        entries = []
        for cycle in cycles:
            region = cycle.get("organs", {}).get(organ)
            entries.append({"cycle": str(cycle["number"])} | _dose_cells(region, nuclides))
        course = results.get("course", {}).get("organs", {}).get(organ, {})
        prior = (results.get("course", {}).get("prior_absorbed_dose_gy") or {}).get(organ)
        rows.append(
            {
                "organ": in_words(organ),
                "cycles": entries,
                "prior": None if not prior else _dose(prior),
                "sum": _dose(_total(course.get("absorbed_dose_gy"))),
                "sum_uncertainty": _dose(
                    _total(course.get("absorbed_dose_standard_uncertainty_gy")),
                    beside_gy=_total(course.get("absorbed_dose_gy")),
                ),
                "limit": _dose(course.get("limit_gy")),
                "remaining": _dose(course.get("remaining_gy")),
                "bed": _dose(_total(course.get("bed_gy"))),
            }
        )
    return {"nuclides": [nuclide_symbol(n) for n in nuclides], "rows": rows}


def _dose_cells(region: Mapping[str, Any] | None, nuclides: Sequence[str]) -> dict[str, Any]:
    doses = (region or {}).get("absorbed_dose_gy") or {}
    spread = (region or {}).get("absorbed_dose_standard_uncertainty_gy") or {}
    per_activity = (region or {}).get("absorbed_dose_per_administered_activity_gy_per_bq") or {}
    return {
        "doses": [
            {"value": _dose(doses.get(n)), "uncertainty": _dose(spread.get(n), beside_gy=doses.get(n))}
            for n in nuclides
        ],
        "total": {
            "value": _dose(doses.get("total")),
            "uncertainty": _dose(spread.get("total"), beside_gy=doses.get("total")),
        },
        "per_activity": [
            minus(absorbed_dose_text(GRAY_PER_GIGABECQUEREL.from_core(per_activity[n]))) if n in per_activity else "–"
            for n in nuclides
        ],
        "note": _origin(region),
    }


def _origin(region: Mapping[str, Any] | None) -> str:
    if region is None:
        return NOT_MEASURED
    origin = str(region.get("origin") or ("estimated" if region.get("estimated") else "measured"))
    return "" if origin == "measured" else origin


def course_vois(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """Absorbed dose of every VOI over the course."""
    vois = results.get("course", {}).get("vois") or {}
    roles = {name: voi for cycle in results.get("cycles", ()) for name, voi in (cycle.get("vois") or {}).items()}
    known = {name: roles.get(name, {}) for name in vois}
    return [
        {
            "name": name,
            "dose": _dose(_total(vois[name].get("absorbed_dose_gy"))),
            "uncertainty": _dose(
                _total(vois[name].get("absorbed_dose_standard_uncertainty_gy")),
                beside_gy=_total(vois[name].get("absorbed_dose_gy")),
            ),
        }
        for name in voi_order(known)
    ]


def second_opinion(results: Mapping[str, Any]) -> list[str]:
    """What the second opinion says of the numbers, line by line."""
    opinion = results.get("second_opinion")
    if opinion is None:
        return ["No second opinion was computed."]
    lines = [
        f"{item['quantity']}: {item['value']:.6g} here, {item['second_value']:.6g} in the second opinion"
        for item in opinion.get("disagreements") or ()
    ]
    return lines or ["The second opinion, computed by other code, agrees with every number it checks."]


def administrations(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was given in each cycle."""
    return [
        {
            "cycle": str(cycle["number"]),
            "nuclide": nuclide_symbol(administration["nuclide"]),
            "activity": activity_text(administration["administered_activity_bq"]),
            "start": str(administration["start"]).replace("T", " "),
            "planned": _planned(administration),
        }
        for cycle in results.get("cycles", ())
        for administration in cycle.get("administrations", ())
    ]


def _planned(administration: Mapping[str, Any]) -> str:
    """The planned activity, how far the given one is from it, who entered it and why it differs; empty unplanned."""
    planned = administration.get("planned_activity_bq")
    parts = []
    if planned is not None:
        given = administration["administered_activity_bq"]
        ratio = f" ({PERCENT.from_core(given / planned - 1.0):+.1f} %)" if planned else ""
        parts.append(f"{activity_text(planned)}{ratio}")
    if administration.get("given_by"):
        parts.append(f"entered by {administration['given_by']}")
    if administration.get("comment"):
        parts.append(str(administration["comment"]))
    return "; ".join(parts)


def voi_tables(cycle: Mapping[str, Any]) -> dict[str, Any]:
    """Measurement and dose of every VOI of one cycle."""
    vois = cycle.get("vois", {})
    names = voi_order(vois)
    nuclides = _nuclides(list(vois.values()))
    points = cycle.get("time_points", ())
    return {
        "cycle": str(cycle["number"]),
        "times": [text_of(HOUR, point["time_after_administration_s"], digits=1) for point in points],
        "registration": [_registration(point) for point in points],
        "nuclides": [nuclide_symbol(n) for n in nuclides],
        "measurement": [
            {
                "name": name,
                "volume": text_of(MILLILITRE, vois[name].get("volume_ml")),
                "mass": text_of(GRAM, vois[name].get("mass_kg")),
                "factor": _range(vois[name].get("partial_volume_factor")),
                "nuclide": nuclide_symbol(nuclide),
                "activity": _activities(vois[name]["activity_bq"][nuclide], vois[name]["activity_bq"][nuclide]),
                "uncertainty": _activities(
                    (vois[name].get("activity_standard_uncertainty_bq") or {}).get(nuclide) or (),
                    vois[name]["activity_bq"][nuclide]
                    if (vois[name].get("activity_standard_uncertainty_bq") or {}).get(nuclide)
                    else (),
                ),
            }
            for name in names
            for nuclide in measured_nuclides(vois[name])
        ],
        "kinetics": [
            {"name": name, "nuclide": nuclide_symbol(nuclide)} | _fit(vois[name]["fit"][nuclide])
            for name in names
            for nuclide in nuclide_order(vois[name].get("fit") or {})
        ],
        "doses": [
            {"name": name, "engine": vois[name].get("engine") or "–"}
            | _dose_cells(vois[name], nuclides)
            | {"check": _cross_check(vois[name]), "bed": _dose(_total(vois[name].get("bed_gy")))}
            for name in names
            if vois[name].get("absorbed_dose_gy")
        ],
        "failures": [{"name": name, "text": str(vois[name]["failure"])} for name in names if vois[name].get("failure")],
    }


def _registration(point: Mapping[str, Any]) -> str:
    registration = point.get("registration") or {}
    residual = registration.get("residual_mm")
    method = str(registration.get("method", NOT_MEASURED))
    return method if residual is None else f"{method}, {text_of(MILLIMETRE, residual)} mm"


def _range(values: Sequence[float | None] | None) -> str:
    known = [value for value in values or () if value is not None]
    if not known:
        return "–"
    low, high = f"{min(known):.3f}", f"{max(known):.3f}"
    return low if low == high else f"{low}–{high}"


def _fit(fit: Mapping[str, Any]) -> dict[str, str]:
    integrated = fit["time_integrated_activity_bq_s"]
    spread = fit.get("time_integrated_activity_standard_uncertainty_bq_s")
    derived = fit.get("derived_from")
    return {
        "model": f"from {nuclide_symbol(derived)}" if derived else str(fit.get("model", "–")),
        "half_life": text_of(HOUR, fit.get("effective_half_life_s"), digits=1),
        "integrated": text_of(
            MEGABECQUEREL_HOUR, integrated, digits=0 if integrated > MEGABECQUEREL_HOUR.to_core(1e3) else 1
        ),
        "uncertainty": "–" if spread is None or not integrated else text_of(PERCENT, spread / integrated),
        "extrapolated": text_of(PERCENT, fit.get("extrapolated_fraction")),
        "before": text_of(PERCENT, fit.get("before_first_point_fraction")),
    }


def _cross_check(voi: Mapping[str, Any]) -> str:
    total = voi["absorbed_dose_gy"].get("total")
    parts = []
    for engine, doses in sorted((voi.get("cross_check_absorbed_dose_gy") or {}).items()):
        other = doses.get("total")
        if other is None:
            continue
        difference = f" ({100 * (other / total - 1):+.1f} %)".replace("-", "−") if total else ""
        parts.append(f"{_dose(other)} {engine}{difference}")
    return "; ".join(parts) or "–"


def red_marrow(cycle: Mapping[str, Any]) -> dict[str, Any]:
    """Blood samples and the itemised marrow dose of one cycle."""
    organ = cycle.get("organs", {}).get("red_marrow") or {}
    contributions = organ.get("contributions") or {}
    nuclides = _nuclides([organ])
    named = [s for s in _SOURCES if s in contributions] + sorted(set(contributions) - set(_SOURCES))
    samples = (cycle.get("blood") or {}).get("samples") or ()
    measured = nuclide_order({n for sample in samples for n in sample["activity_concentration_bq_per_ml"]})
    return {
        "cycle": str(cycle["number"]),
        "nuclides": [nuclide_symbol(n) for n in nuclides],
        "sources": [
            {
                "name": "Self, from blood" if source == "self" else f"From {in_words(source).lower()}",
                "doses": [_dose(contributions[source].get(n)) for n in nuclides],
                "total": _dose(contributions[source].get("total")),
            }
            for source in named
        ],
        "sum": _dose_cells(organ, nuclides) if organ else None,
        "alternatives": [
            {"name": name, "total": _dose(_total(value))}
            for name, value in sorted((cycle.get("red_marrow_alternatives_gy") or {}).items())
        ],
        "sample_nuclides": [nuclide_symbol(n) for n in measured],
        "samples": [
            {
                "time": text_of(HOUR, sample["time_after_administration_s"]),
                "values": [
                    text_of(KILOBECQUEREL_PER_ML, sample["activity_concentration_bq_per_ml"].get(n)) for n in measured
                ],
            }
            for sample in samples
        ],
    }


def laboratory(results: Mapping[str, Any]) -> dict[str, Any]:
    """Laboratory values by date, with the worst CTCAE grade of each and what could not be decided."""
    columns = [
        (cycle["number"], values) for cycle in results.get("cycles", ()) for values in cycle.get("laboratory") or ()
    ]
    grades: dict[str, list[str]] = {}
    for cycle in results.get("cycles", ()):
        for key, grade in ((cycle.get("safety") or {}).get("grades") or {}).items():
            grades.setdefault(key, []).append(f"{cycle['number']}: {_grade(grade)}")
    keys = {key for _, values in columns for key in values if key != "date"} | set(grades)
    return {
        "columns": [f"{values.get('date', '')} (cycle {number})" for number, values in columns],
        "rows": [
            {
                "name": laboratory_words(key)[0],
                "unit": laboratory_words(key)[1],
                "values": ["–" if values.get(key) is None else f"{values[key]:g}" for _, values in columns],
                "grade": "; ".join(grades.get(key, ())) or "–",
            }
            for key in laboratory_order(keys)
        ],
        "undecided": [
            f"Cycle {cycle['number']}: " + "; ".join(str(rule) for rule in cycle["safety"]["cannot_decide"])
            for cycle in results.get("cycles", ())
            if (cycle.get("safety") or {}).get("cannot_decide")
        ],
    }


def _grade(grade: Any) -> str:
    if isinstance(grade, Mapping):
        return ", ".join(f"{in_words(key).lower()} {_grade(value)}" for key, value in sorted(grade.items()))
    return "cannot decide" if grade is None else str(grade)


def settings(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every setting, the tree made flat."""
    return _flat(results.get("settings") or {}, ())


def _flat(tree: Any, path: tuple[str, ...]) -> list[dict[str, str]]:
    if isinstance(tree, Mapping):
        return [entry for key in sorted(tree) for entry in _flat(tree[key], (*path, str(key)))]
    if isinstance(tree, list) and any(isinstance(item, Mapping | list) for item in tree):
        return [entry for number, item in enumerate(tree, 1) for entry in _flat(item, (*path, str(number)))]
    if tree is None or tree == []:
        return []
    suffix = next((ending for ending in _SETTING_UNITS for part in path if part.endswith(ending)), "")
    unit, letters = _SETTING_UNITS.get(suffix, (None, ""))
    names = [part.removesuffix(letters).replace("_", " ") for part in path]
    values = tree if isinstance(tree, list) else [tree]
    words = ", ".join(_setting_text(value, unit) for value in values)
    return [
        {
            "name": capitalised(" · ".join(name for name in names if name)),
            "value": words if unit is None else f"{words} {unit.symbol}",
        }
    ]


def _setting_text(value: Any, unit: DisplayUnit | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value if unit is None else unit.from_core(value):g}"
    return str(value)


def input_folders(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """Input files by folder, each folder with the number of its files and their root digest."""
    folders: dict[str, dict[str, str]] = {}
    for name, digest in (results.get("inputs") or {}).items():
        folder, _, _ = str(name).replace("\\", "/").rpartition("/")
        folders.setdefault(folder, {})[name] = digest
    return [
        {"folder": folder or "(case folder)", "files": str(len(files)), "digest": root_digest(files)[:_DIGEST_SHOWN]}
        for folder, files in sorted(folders.items())
    ]
