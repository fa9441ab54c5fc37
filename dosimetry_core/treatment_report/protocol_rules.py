"""How the protocol proposes activities, and half-lives: rows of methods, settings and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.nuclide import nuclide
from dosimetry_core.plan_record import activity_text
from dosimetry_core.report.words import nuclide_symbol, text_of
from dosimetry_core.treatment_report.language import Language
from dosimetry_core.units import HOUR, PERCENT

_WORDS: Final = {
    "adapt-free-nuclide": "the free nuclide is adapted to the limits",
    "fixed": "fixed; an excess is reported",
    "fixed-while-limits-allow": "fixed while the limits allow it",
    "equal-split": "equally among the remaining cycles",
    "front-loaded": "all of it in the next cycle",
    "latest": "the latest measured cycle",
    "mean": "mean of the measured cycles",
    "activity-weighted-mean": "mean of the measured cycles, weighted by activity",
    "linear-trend": "linear trend of the measured cycles",
    "maximum": "the highest measured cycle",
}
_KIDNEY_VALUES: Final = {"mean": "mean of both, weighted by mass", "higher-side": "the higher side"}
_NUCLIDES_TABLE: Final = "physics/nuclides.json"


def protocol_rules(results: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """Name and value of each rule of the protocol that the proposal rests on; of results that state none, none."""
    rows = [*_rules(results.get("protocol") or {}, language), *_half_lives(results, language)]
    return [{"name": name, "value": value} for name, value in rows]


def _rules(protocol: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    if not protocol:
        return
    yield language.text("Activities"), _in_words(protocol["activity_rule"], language)
    yield language.text("Sharing of what the limits leave"), _allocation(protocol, language)
    yield language.text("Predictor of the dose per activity"), _in_words(protocol["predictor"], language)
    yield language.text("Kidney value"), str(language.shown(_KIDNEY_VALUES[protocol["kidney_quantity"]]))
    yield language.text("Free activity, rounded down to steps of"), _activity(protocol["rounding_step_bq"], language)
    yield language.text("Warning above a probability of"), _percent(protocol["warn_above_probability"], language)
    yield (
        language.text("Standard uncertainty from cycle to cycle"),
        _percent(protocol["between_cycle_relative_standard_uncertainty"], language),
    )
    yield language.text("Entry rules"), str(protocol["entry_rules"] or language.text("none"))
    yield language.text("Stop rules"), str(protocol["stop_rules"] or language.text("none"))
    for item in protocol["nuclides"]:
        symbol, role = nuclide_symbol(item["name"]), str(item["role"])
        standard = _activity(item["standard_activity_bq"], language)
        told = language.text("fixed, %1", standard) if role == "fixed" else language.text("free, standard %1", standard)
        if item.get("minimum_dispensable_activity_bq"):
            told += language.text(", %1 at least", _activity(item["minimum_dispensable_activity_bq"], language))
        if item.get("activity_cap_bq") is not None:
            told += language.text(", %1 at most", _activity(item["activity_cap_bq"], language))
        yield language.text("Activity of %1", symbol), told


def _half_lives(results: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """Physical half-lives, where the results were computed with the table that the program has."""
    used = ((results.get("software") or {}).get("data_tables") or {}).get(_NUCLIDES_TABLE)
    if used != data_table_editions()[_NUCLIDES_TABLE]:
        return
    names = {item["nuclide"] for cycle in results.get("cycles", ()) for item in cycle.get("administrations", ())}
    for name in sorted(names):
        hours = language.number(text_of(HOUR, nuclide(name).physical_half_life_s, digits=2))
        yield language.text("Physical half-life of %1", nuclide_symbol(name)), f"{hours} h"


def _allocation(protocol: Mapping[str, Any], language: Language) -> str:
    if protocol["allocation"] != "weights":
        return _in_words(protocol["allocation"], language)
    weights = "; ".join(f"{weight:g}" for weight in protocol["allocation_weights"])
    return language.text("by weights %1", language.number(weights))


def _in_words(code: str, language: Language) -> str:
    return str(language.shown(_WORDS[code]))


def _activity(value_bq: float, language: Language) -> str:
    return f"{language.number(activity_text(value_bq))} GBq"


def _percent(value: float, language: Language) -> str:
    return f"{language.number(f'{PERCENT.from_core(value):g}')} %"
