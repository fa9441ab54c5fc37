"""Pages after the first: doses, measurement, curves, marrow, laboratory, and what they were computed with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dosimetry_core.given_details import DETAILS
from dosimetry_core.plan_record import activity_text
from dosimetry_core.report.decision import plan_rules
from dosimetry_core.report.figures import cumulative_bars, curve_plots
from dosimetry_core.report.tables import (
    course_table,
    course_vois,
    input_folders,
    laboratory,
    red_marrow,
    second_opinion,
    settings,
    voi_tables,
)
from dosimetry_core.report.words import capitalised, in_words, minus, nuclide_symbol, organ_order, text_of, voi_order
from dosimetry_core.treatment_report.acquisition import acquisitions
from dosimetry_core.treatment_report.first_page import dose, sentence_case
from dosimetry_core.treatment_report.language import Language
from dosimetry_core.treatment_report.protocol_rules import protocol_rules
from dosimetry_core.units import HOUR, MEGABECQUEREL, MILLIMETRE, MINUTE, PERCENT, SECOND

_NAMES = ("name",)


def body(results: Mapping[str, Any], record: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Everything the pages after the first show."""
    return {
        "administrations": _administrations(results, language),
        "course": language.shown(course_table(results), verbatim=("nuclides",)),
        "course_vois": language.shown(course_vois(results), verbatim=_NAMES),
        "bars": language.shown(cumulative_bars(results), verbatim=("nuclide", "kind")),
        "cycles": [
            _cycle(cycle, language) | {"acquisitions": acquisitions(cycle, results.get("settings") or {}, language)}
            for cycle in results.get("cycles", ())
        ],
        "laboratory": _laboratory(results, language),
        "settings": language.shown([entry for entry in settings(results) if entry["value"].strip()]),
        "rules": [*language.shown(plan_rules(record)), *protocol_rules(results, language)],
        "second_opinion": language.shown(second_opinion(results)),
        "findings": findings(record, language),
        "folders": language.shown(input_folders(results), verbatim=("digest",)),
    }


def findings(record: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """All remarks; one whose sentence has no translation keeps the recorded one behind what its code means."""
    shown = []
    for finding in record["findings"]:
        sentence = language.translated(finding["text"])
        meaning = language.texts.get(finding["code"], "")
        if sentence is None:
            sentence = f"{meaning} [{finding['text']}]" if meaning else finding["text"]
        shown.append(
            {
                "level": finding["level"],
                "code": finding["code"],
                "place": capitalised(language.shown(finding["place"])),
                "text": sentence_case(sentence),
            }
        )
    return shown


def _administrations(results: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    rows = []
    for cycle in results.get("cycles", ()):
        for item in cycle.get("administrations", ()):
            planned, given = item.get("planned_activity_bq"), item["administered_activity_bq"]
            infusion = item.get("infusion_s")
            vial = item.get("vial") or {}
            remarks = []
            if vial.get("vial_activity_bq") is not None:
                remarks.append(
                    language.text("vial %1 MBq", language.number(text_of(MEGABECQUEREL, vial["vial_activity_bq"])))
                )
            if vial.get("residual_activity_bq") is not None:
                remarks.append(
                    language.text(
                        "residual %1 MBq", language.number(text_of(MEGABECQUEREL, vial["residual_activity_bq"]))
                    )
                )
            if item.get("given_by"):
                remarks.append(language.text("entered by %1", str(item["given_by"])))
            if item.get("comment"):
                remarks.append(str(item["comment"]))
            rows.append(
                {
                    "cycle": str(cycle["number"]),
                    "nuclide": nuclide_symbol(item["nuclide"]),
                    "activity": language.number(activity_text(given)),
                    "start": language.instant(datetime.fromisoformat(str(item["start"]))),
                    "infusion": "–" if infusion is None else language.number(text_of(MINUTE, infusion)),
                    "planned": "–" if planned is None else language.number(activity_text(planned)),
                    "deviation": _percent(given / planned - 1.0, language) if planned else "–",
                    "remark": "; ".join(remarks),
                    "details": _details(item, language),
                }
            )
    return rows


def _details(item: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Product, batch, calibrator, amino acids and site as recorded, and whether any of them is."""
    stated = [str(item.get(key) or language.text("not recorded")) for key in DETAILS]
    return {"any": any(item.get(key) for key in DETAILS), "stated": stated}


def _percent(value: float, language: Language) -> str:
    return language.number(minus(f"{PERCENT.from_core(value):+.1f}\u00a0%"))


def _cycle(cycle: Mapping[str, Any], language: Language) -> dict[str, Any]:
    vois = voi_tables(cycle)
    plots = curve_plots(cycle)
    return {
        "number": str(cycle["number"]),
        "times": language.shown(vois["times"]),
        "nuclides": vois["nuclides"],
        "measurement": language.shown(vois["measurement"], verbatim=(*_NAMES, "nuclide")),
        "kinetics": language.shown(vois["kinetics"], verbatim=(*_NAMES, "nuclide")),
        "doses": [
            language.shown({key: value for key, value in row.items() if key != "check"}, verbatim=_NAMES)
            | {"checks": _checks(cycle["vois"][row["name"]], language)}
            for row in vois["doses"]
        ],
        "failures": language.shown(vois["failures"], verbatim=_NAMES),
        "plots": [
            plot | {"x_ticks": language.shown(plot["x_ticks"]), "y_ticks": language.shown(plot["y_ticks"])}
            for plot in plots
        ],
        "marrow": language.shown(red_marrow(cycle), verbatim=("nuclides", "sample_nuclides")),
        "scans": _scans(cycle, language),
        "contributions": _contributions(cycle, language),
        "budgets": _budgets(cycle, language),
    }


def _checks(voi: Mapping[str, Any], language: Language) -> list[str]:
    """What other engines say of the total, each with its difference."""
    total = voi["absorbed_dose_gy"].get("total")
    lines = []
    for engine, doses in sorted((voi.get("cross_check_absorbed_dose_gy") or {}).items()):
        other = doses.get("total")
        if other is not None:
            difference = f" ({_percent(other / total - 1, language)})" if total else ""
            lines.append(f"{dose(other, language)} {language.shown(engine)}{difference}")
    return lines


def _scans(cycle: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """Each time point: when, what was acquired, how it was aligned, what its field of view holds."""
    rows = []
    for number, point in enumerate(cycle.get("time_points", ()), 1):
        spect, ct = point.get("spect") or {}, point.get("ct") or {}
        registration = point.get("registration") or {}
        residual, duration = registration.get("residual_mm"), spect.get("counting_duration_s")
        spacing = spect.get("spacing_mm")
        activity = point.get("field_of_view_activity_bq")
        start = spect.get("acquisition_start")
        rows.append(
            {
                "number": str(number),
                "start": "–" if start is None else language.instant(datetime.fromisoformat(str(start))),
                "after": language.number(text_of(HOUR, point["time_after_administration_s"])),
                "duration": "–" if duration is None else language.number(text_of(SECOND, duration, digits=0)),
                "voxel": "–" if not spacing else language.number(" × ".join(f"{v:g}" for v in reversed(spacing))),
                "activity": "–" if activity is None else language.number(text_of(MEGABECQUEREL, activity, digits=0)),
                "method": language.shown(str(registration.get("method") or "not measured")),
                "residual": "–" if residual is None else language.number(text_of(MILLIMETRE, residual)),
                "confirmed": str(registration.get("confirmed_by") or "–"),
                "series": " · ".join(part for part in (spect.get("description"), ct.get("description")) if part) or "–",
            }
        )
    return rows


def _contributions(cycle: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """From where each organ's dose comes, red marrow apart, whose items have a table of their own."""
    rows = []
    organs = cycle.get("organs", {})
    for name in organ_order(organs):
        parts = organs[name].get("contributions") or {}
        if name == "red_marrow" or not parts:
            continue
        rows.append(
            {
                "organ": language.shown(in_words(name)),
                "parts": [
                    {
                        "source": language.shown(_source_words(source)),
                        "value": dose(parts[source].get("total"), language),
                    }
                    for source in ("self", *(s for s in organ_order(parts) if s != "self"))
                    if source in parts
                ],
            }
        )
    return rows


def _source_words(source: str) -> str:
    return "Self" if source == "self" else in_words(source)


def _budgets(cycle: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Relative standard uncertainty of the total dose of each VOI, and the share of its variance by source."""
    vois = cycle.get("vois", {})
    budgets: dict[str, Mapping[str, Any]] = {}
    for name in voi_order(vois):
        budget = (vois[name].get("uncertainty_budget") or {}).get("total")
        if budget:
            budgets[name] = budget
    sources = sorted({source for budget in budgets.values() for source in budget["sources"]})
    return {
        "sources": [language.shown(in_words(source)) for source in sources],
        "rows": [
            {
                "name": name,
                "relative": language.number(text_of(PERCENT, budget["relative_standard_uncertainty"])),
                "shares": [
                    language.number(
                        text_of(PERCENT, (budget["sources"].get(source) or {}).get("variance_share"), digits=0)
                    )
                    for source in sources
                ],
            }
            for name, budget in budgets.items()
        ],
    }


def _laboratory(results: Mapping[str, Any], language: Language) -> dict[str, Any]:
    table: dict[str, Any] = language.shown(laboratory(results), verbatim=("columns",))
    columns = [
        (cycle["number"], str(values.get("date", "")))
        for cycle in results.get("cycles", ())
        for values in cycle.get("laboratory") or ()
    ]
    return table | {"columns": [{"day": _day(day, language), "cycle": str(number)} for number, day in columns]}


def _day(text: str, language: Language) -> str:
    return language.date(datetime.fromisoformat(text).date()) if text else "–"
