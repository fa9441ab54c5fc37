"""The keys of a protocol as fields of a form, and their values in the text of its file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from dosimetry_core.planning.protocol import ActivityRule, Allocation, KidneyQuantity, NuclideRole, Predictor
from dosimetry_core.toml_lines import TomlPlace, with_value

Choices = tuple[str, ...]


@dataclass(frozen=True)
class ProtocolField:
    """One key: where it stands, its label with the unit, its choices, whether it is written in quotes (``text``)."""

    place: TomlPlace
    label: str
    choices: Choices = ()
    text: bool = False
    tooltip: str = ""

    @property
    def name(self) -> str:
        """For the widget: table and key."""
        return "_".join(part for part in (self.place.table.strip("[]").replace(" ", "_"), self.place.key) if part)


def _field(
    table: str, key: str, label: str, choices: Choices = (), *, text: bool = False, tip: str = ""
) -> ProtocolField:
    return ProtocolField(TomlPlace(table, key), label, choices, text or bool(choices), tip)


_HEAD: Final = (
    _field("", "name", "Name", text=True, tip="small letters, digits, hyphens; also the name of the file"),
    _field("", "title", "Title", text=True),
    _field("", "source", "Source", text=True, tip="where the protocol is published, or who decided it"),
    _field("[course]", "cycles", "Cycles", tip='a number, or "open" with its quotes'),
    _field("[course]", "activity_rule", "Activity", get_args(ActivityRule)),
)
_REST: Final = (
    _field("[limits]", "kidneys_total_gy", "Kidneys, course (Gy)"),
    _field("[limits]", "red_marrow_per_cycle_gy", "Marrow, cycle (Gy)"),
    _field("[limits]", "red_marrow_total_gy", "Marrow, course (Gy)"),
    _field("[limits]", "kidneys_total_bed_gy", "Kidneys, BED (Gy)", tip="never compared with absorbed doses"),
    _field("[planning]", "allocation", "Allocation", get_args(Allocation)),
    _field("[planning]", "allocation_weights", "Weights", tip="only for weights: [1.0, 1.0, …], one for each cycle"),
    _field("[planning]", "predictor", "Predictor", get_args(Predictor)),
    _field("[planning]", "kidney_quantity", "Kidney value", get_args(KidneyQuantity)),
    _field("[planning]", "rounding_step_gbq", "Rounding (GBq)", tip="always down"),
    _field("[planning]", "confirm_above_relative_to_standard", "Confirm above × standard"),
    _field("[planning]", "confirm_above_relative_to_last", "Confirm above × last"),
    _field("[planning]", "warn_above_probability", "Warn above probability"),
    _field("[planning]", "between_cycle_relative_standard_uncertainty", "Between cycles, u (1)"),
    _field("[safety]", "entry_rules", "Entry rules", text=True),
    _field("[safety]", "stop_rules", "Stop rules", text=True),
)


def parsed(text: str) -> Mapping[str, Any]:
    """The tables of a text; empty where it is no TOML, which the check says with its line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def fields_of(content: Mapping[str, Any]) -> tuple[ProtocolField, ...]:
    """The fields of a protocol: those of each nuclide it lists are between the head and the limits."""
    nuclides = content.get("nuclide", [])
    listed = []
    for number, nuclide in enumerate(nuclides if isinstance(nuclides, list) else [], start=1):
        table = f"nuclide {number}"
        listed += [
            _field(table, "name", f"Nuclide {number}", text=True),
            _field(table, "role", "Role", get_args(NuclideRole)),
            _field(table, "standard_activity_gbq", "Standard (GBq)"),
        ]
        if isinstance(nuclide, dict) and nuclide.get("role") == "free":
            listed += [
                _field(table, "minimum_dispensable_activity_gbq", "Smallest (GBq)", tip="less is not given at all"),
                _field(table, "activity_cap_gbq", "Cap (GBq)", tip="empty: no cap"),
            ]
    rest = [each for each in _REST if each.place.table != "[safety]" or "safety" in content]
    return (*_HEAD, *listed, *rest)


def value_of(content: Mapping[str, Any], field: ProtocolField) -> str:
    """What a field shows: text without its quotes, anything else as TOML writes it; empty if it is not there."""
    table: Any = content
    if field.place.table.startswith("["):
        table = content.get(field.place.table.strip("[]"), {})
    elif field.place.table:
        name, _, number = field.place.table.rpartition(" ")
        table = content[name][int(number) - 1]
    value = table.get(field.place.key) if isinstance(table, dict) else None
    if value is None:
        return ""
    return value if field.text and isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def with_field(text: str, field: ProtocolField, shown: str) -> str:
    """The text with what was typed into a field; an empty field takes the key out."""
    typed = shown.strip()
    value = None if not typed else json.dumps(typed, ensure_ascii=False) if field.text else typed
    return with_value(text, field.place, value)
