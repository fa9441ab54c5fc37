"""First page of the report, for the prescriber: decision, alternatives, course so far, laboratory trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dosimetry_core.plan_record import absorbed_dose_text, activity_text
from dosimetry_core.report.decision import COURSE_DONE, decision
from dosimetry_core.report.words import (
    capitalised,
    in_words,
    laboratory_order,
    laboratory_words,
    limiting_words,
    minus,
    nuclide_order,
    nuclide_symbol,
)
from dosimetry_core.treatment_report.language import Language
from dosimetry_core.units import PERCENT

TREND_VALUES: Final = (
    "haemoglobin_g_per_dl",
    "platelets_1e9_per_l",
    "leukocytes_1e9_per_l",
    "lymphocytes_1e9_per_l",
    "creatinine_umol_per_l",
    "egfr_ml_per_min_per_1_73m2",
)
"""Laboratory values whose course is drawn on page 1; all of them stand in the table further on."""
_HEADROOM: Final = 1.15
_LEAST_PERCENT: Final = "0.1"
"""The record states probabilities to a tenth of a percent; what it states as 0 is below that, not impossible."""
_ORGANS: Final = ("kidneys", "red_marrow")


@dataclass(frozen=True)
class OtherProtocol:
    """What another protocol would give next: its name, the activities in words, and what it does to the kidneys."""

    name: str
    activities: str
    note: str = ""


def first_page(
    results: Mapping[str, Any],
    record: Mapping[str, Any],
    language: Language,
    other_protocols: Sequence[OtherProtocol] = (),
) -> dict[str, Any]:
    """Everything page 1 shows, in the language of the report."""
    told = decision(record)
    # Nothing can be given by such a plan; a report of a finished course stays true.
    told["void"] = [reason for reason in told["void"] if reason != COURSE_DONE]
    page: dict[str, Any] = language.shown(told, verbatim=("symbol", "nuclide"))
    page.pop("heading")
    page["attention"] = _attention(told["attention"], results, language)
    for row in page["predictions"]:
        if row["chance"] is not None and float(row["chance"].removesuffix("%").replace(language.decimal, ".")) == 0:
            row["chance"] = language.number(f"< {_LEAST_PERCENT} %")
    page["alternatives"] = _alternatives(results, language, other_protocols)
    page["history"] = history(results, language)
    page["trend"] = _trend(results, language)
    return page


def _attention(
    entries: Sequence[Mapping[str, str]], results: Mapping[str, Any], language: Language
) -> list[dict[str, str]]:
    """What has to be acknowledged: stop rules and overrides, errors, then what is about the plan before the rest."""
    of_plan = {finding["text"] for finding in results["plan"].get("findings") or ()}
    ranks = {"stop": 0, "override": 1, "error": 2, "warning": 3}
    ordered = sorted(entries, key=lambda entry: (ranks.get(entry["level"], 4), entry["text"] not in of_plan))
    return [
        {
            "level": entry["level"],
            "title": language.shown(entry["title"]),
            "text": entry["text"] if entry["level"] == "override" else sentence_case(language.shown(entry["text"])),
        }
        for entry in ordered
    ]


def sentence_case(text: str) -> str:
    """A remark with a capital at its beginning, where it does not begin with a word such as eGFR."""
    return text if text[1:2].isupper() else capitalised(text)


def _alternatives(
    results: Mapping[str, Any], language: Language, other_protocols: Sequence[OtherProtocol]
) -> list[dict[str, str]]:
    """Activities that other certainties, the protocol's standard and other protocols would give."""
    plan = results["plan"]
    if plan["stop"] or plan.get("next_cycle") is None:
        return []
    rows = []
    free = plan.get("free_nuclide")
    for entry in plan.get("activity_by_certainty") or ():
        if entry.get("activity_bq") is None or free is None:
            continue
        rows.append(
            {
                "name": language.text(
                    "Every limit kept with a probability of %1",
                    language.number(f"{PERCENT.text(entry['certainty'], digits=0)}"),
                ),
                "activities": f"{language.number(activity_text(entry['activity_bq']))} GBq {nuclide_symbol(free)}",
                "note": language.text("bounded by %1", language.shown(limiting_words(str(entry.get("limiting"))))),
            }
        )
    for item in (results.get("protocol") or {}).get("nuclides") or ():
        standard = item.get("standard_activity_bq")
        if standard is not None and item["name"] == free:
            rows.append(
                {
                    "name": sentence_case(language.text("standard activity of the protocol")),
                    "activities": f"{language.number(activity_text(standard))} GBq {nuclide_symbol(free)}",
                    "note": "",
                }
            )
    rows += [
        {
            "name": language.text("Protocol %1", other.name),
            "activities": language.translated(other.activities) or language.number(other.activities),
            "note": language.shown(other.note),
        }
        for other in other_protocols
    ]
    return rows


def history(results: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What each cycle gave: day, activities, absorbed doses of kidneys and red marrow, and their sums."""
    cycles = results.get("cycles", ())
    nuclides = nuclide_order({item["nuclide"] for cycle in cycles for item in cycle.get("administrations", ())})
    organs = [name for name in _ORGANS if any(name in cycle.get("organs", {}) for cycle in cycles)]
    prior = (results.get("course", {}).get("prior_absorbed_dose_gy")) or {}
    reached = {name: float(prior.get(name) or 0.0) for name in organs}
    rows = []
    for cycle in cycles:
        given = cycle.get("administrations", ())
        doses = []
        for name in organs:
            region = cycle.get("organs", {}).get(name) or {}
            total = (region.get("absorbed_dose_gy") or {}).get("total")
            spread = (region.get("absorbed_dose_standard_uncertainty_gy") or {}).get("total")
            reached[name] += total or 0.0
            doses.append(
                {
                    "value": dose(total, language),
                    "uncertainty": dose(spread, language, beside_gy=total),
                    "reached": dose(reached[name], language) if total is not None else "–",
                    "estimated": bool(region.get("estimated")),
                }
            )
        rows.append(
            {
                "cycle": str(cycle["number"]),
                "day": language.date(datetime.fromisoformat(str(given[0]["start"])).date()) if given else "–",
                "activities": [_given(given, name, language) for name in nuclides],
                "doses": doses,
            }
        )
    return {
        "nuclides": [nuclide_symbol(name) for name in nuclides],
        "organs": [language.shown(in_words(name)) for name in organs],
        "prior": [
            {"organ": language.shown(in_words(name)), "value": dose(prior[name], language)}
            for name in organs
            if prior.get(name)
        ],
        "rows": rows,
    }


def _given(administrations: Sequence[Mapping[str, Any]], nuclide: str, language: Language) -> str:
    parts = [item["administered_activity_bq"] for item in administrations if item["nuclide"] == nuclide]
    return language.number(activity_text(sum(parts))) if parts else "–"


def dose(value_gy: float | None, language: Language, *, beside_gy: float | None = None) -> str:
    """An absorbed dose in Gy as the plan states it; a dash where there is none."""
    if value_gy is None:
        return "–"
    return language.number(minus(absorbed_dose_text(value_gy, beside_gy=beside_gy)))


def _trend(results: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """One small plot for each laboratory value with at least one number: days against values, from 0."""
    series: dict[str, list[tuple[date, float]]] = {}
    grades: dict[str, Any] = {}
    for cycle in results.get("cycles", ()):
        for values in cycle.get("laboratory") or ():
            for key in TREND_VALUES:
                if values.get(key) is not None:
                    series.setdefault(key, []).append((date.fromisoformat(str(values["date"])), float(values[key])))
        grades |= (cycle.get("safety") or {}).get("grades") or {}
    plots = []
    days = sorted({day for points in series.values() for day, _ in points})
    for key in laboratory_order(series):
        points = sorted(series[key])
        span = max((days[-1] - days[0]).days, 1)
        top = max(value for _, value in points) * _HEADROOM or 1.0
        name, unit = laboratory_words(key)
        grade = grades.get(key)
        plots.append(
            {
                "name": language.shown(name),
                "unit": language.shown(unit),
                "points": [{"x": (day - days[0]).days / span, "y": value / top} for day, value in points],
                "first": language.number(f"{points[0][1]:g}"),
                "last": language.number(f"{points[-1][1]:g}"),
                "from": language.date(days[0]),
                "to": language.date(days[-1]),
                "grade": language.text("grade %1", str(grade)) if isinstance(grade, int) else "",
            }
        )
    return plots
