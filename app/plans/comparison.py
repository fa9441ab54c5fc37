"""Two revisions of a course side by side: which inputs differ, and by how much activities and absorbed doses do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.courses.change_in_words import ABSENT, ValueChange
from app.plans.staleness import input_changes
from dosimetry_core.case import Case
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT, DisplayUnit


@dataclass(frozen=True)
class ResultRow:
    """One result in both revisions, in the core unit of ``unit``; None where a revision has none."""

    name: str
    before: float | None
    after: float | None
    unit: DisplayUnit

    @property
    def differs(self) -> bool:
        """Whether both read otherwise as shown."""
        return self.texts()[0] != self.texts()[1]

    def texts(self) -> tuple[str, str, str]:
        """Before, after, and the change in percent of before; for a probability in percentage points."""
        before, after = (ABSENT if v is None else self.unit.text(v) for v in (self.before, self.after))
        if self.before is None or self.after is None or before == after:
            return before, after, ""
        if self.unit is PERCENT:
            return before, after, f"{PERCENT.from_core(self.after - self.before):+.1f} points"
        change = f"{PERCENT.from_core(self.after / self.before - 1.0):+.1f} %" if self.before else ""
        return before, after, change


@dataclass(frozen=True)
class Comparison:
    """What differs between two revisions; ``results`` holds every result that one of them has."""

    inputs: tuple[ValueChange, ...]
    results: tuple[ResultRow, ...]

    @property
    def changed_results(self) -> tuple[ResultRow, ...]:
        """Results that read otherwise."""
        return tuple(row for row in self.results if row.differs)

    def lines(self) -> list[str]:
        """As text, tab-separated: inputs, then the results that differ."""
        found = ["input\tbefore\tafter"]
        found += [f"{change.place}\t{change.old}\t{change.new}" for change in self.inputs]
        found += ["", "result\tbefore\tafter\tchange"]
        found += ["\t".join((row.name, *row.texts())) for row in self.changed_results]
        same = len(self.results) - len(self.changed_results)
        return [*found, "", f"{len(self.inputs)} inputs differ; {same} of {len(self.results)} results read the same"]


def compared(
    before: Mapping[str, Any], after: Mapping[str, Any], *, cases: tuple[Case, Case] | None = None
) -> Comparison:
    """Compare two trees of results.json.

    Parameters
    ----------
    cases
        The cases they were computed from; without them inputs are compared as far as the results state them.

    Raises
    ------
    InconsistentCaseError
        If one is no tree of results.
    """
    for tree in (before, after):
        if not isinstance(tree.get("cycles"), list) or not isinstance(tree.get("plan"), Mapping):
            raise InconsistentCaseError("no results of Lutetia", where="compare", remedy="name results.json or a plan")
    inputs = input_changes(*cases) if cases is not None else tuple(_stated_inputs(before, after))
    one, other = _results(before), _results(after)
    rows = []
    for name in dict.fromkeys([*one, *other]):
        unit = (one.get(name) or other[name])[1]
        rows.append(ResultRow(name, one.get(name, (None, unit))[0], other.get(name, (None, unit))[0], unit))
    return Comparison(inputs, tuple(rows))


def _results(tree: Mapping[str, Any]) -> dict[str, tuple[float, DisplayUnit]]:
    """Results by their name in words."""
    found: dict[str, tuple[float, DisplayUnit]] = {}

    def put(name: str, value: Any, unit: DisplayUnit) -> None:
        if isinstance(value, Mapping):
            value = value.get("total")
        if value is not None:
            found[name] = (float(value), unit)

    plan = tree["plan"]
    for name in nuclide_order(plan.get("activities_bq") or {}):
        put(f"Planned {nuclide_symbol(name)}", plan["activities_bq"][name], GIGABECQUEREL)
    predicted = plan.get("predicted_absorbed_dose_gy") or {}
    for organ in organ_order(predicted):
        put(f"{in_words(organ)}, next cycle", predicted[organ].get("next_cycle"), GRAY)
        put(f"{in_words(organ)}, whole course", predicted[organ].get("course"), GRAY)
    for key, value in (plan.get("probability_of_exceeding") or {}).items():
        put(f"Probability of exceeding: {in_words(key).lower()}", value, PERCENT)
    course = tree.get("course") or {}
    for organ in organ_order(course.get("organs") or {}):
        put(f"{in_words(organ)} so far", course["organs"][organ].get("absorbed_dose_gy"), GRAY)
    for name in sorted(course.get("vois") or {}):
        put(f"{name} so far", course["vois"][name].get("absorbed_dose_gy"), GRAY)
    for cycle in tree["cycles"]:
        number = cycle["number"]
        for item in cycle.get("administrations", ()):
            put(
                f"Cycle {number}, {nuclide_symbol(item['nuclide'])} given",
                item["administered_activity_bq"],
                GIGABECQUEREL,
            )
        organs = cycle.get("organs") or {}
        for organ in organ_order(organs):
            put(f"Cycle {number}, {in_words(organ).lower()}", organs[organ].get("absorbed_dose_gy"), GRAY)
        for name, voi in (cycle.get("vois") or {}).items():
            put(f"Cycle {number}, {name}", voi.get("absorbed_dose_gy"), GRAY)
    return found


def _stated_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ValueChange]:
    for part in ("settings", "inputs"):
        yield from _differing(before.get(part) or {}, after.get(part) or {}, part)
    one = {cycle["number"]: cycle.get("administrations") for cycle in before["cycles"]}
    other = {cycle["number"]: cycle.get("administrations") for cycle in after["cycles"]}
    for number in sorted({*one, *other}):
        yield from _differing(one.get(number), other.get(number), f"cycle {number}")


def _differing(before: Any, after: Any, place: str) -> Iterator[ValueChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _differing(before.get(key), after.get(key), f"{place}, {key.replace('_', ' ')}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
            yield from _differing(one, other, f"{place}, {number}")
    elif before != after:
        yield ValueChange(place, ABSENT if before is None else str(before), ABSENT if after is None else str(after))
