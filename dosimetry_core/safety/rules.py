"""Entry and stop rules are data: each answers met, not met or cannot decide, with the value, its limit and its date."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from dosimetry_core.case import LaboratoryLimit
from dosimetry_core.data_tables import resource, table_bytes
from dosimetry_core.errors import DosimetryError, MissingDataError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_NAMES, unit_of, within_a_sentence
from dosimetry_core.safety.ctcae import as_typed
from dosimetry_core.toml_table import TomlTable, parse_toml

RULES_FORMAT: Final = 1

Outcome = Literal["met", "not met", "cannot decide"]
RuleKind = Literal["stop", "entry"]

_COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "below": operator.lt,
    "at_most": operator.le,
    "above": operator.gt,
    "at_least": operator.ge,
}
STATED_NUMBERS: Final = (
    "age_years", "laboratory_age_days", "ki67_percent", "life_expectancy_weeks", "lowest_krenning_of_targets",
)  # fmt: skip
"""Numbers beside laboratory values that entry rules compare."""
_UPPER_LIMIT_OF: Final = "upper limit of "
_SYMBOLS: Final[Mapping[str, str]] = {"below": "<", "at_most": "≤", "above": ">", "at_least": "≥"}


@dataclass(frozen=True)
class Observation:
    """A value known of the patient: laboratory result, or yes (1) and no (0) of an entry criterion."""

    value: float
    date: date | None = None
    origin: str = "stated"
    """``stated``, or how it was computed."""


@dataclass(frozen=True)
class Condition:
    """One comparison: quantity, relation, bound; ``per_upper_limit`` makes the bound a multiple of the site's ULN."""

    quantity: str
    comparison: str
    bound: float
    per_upper_limit: bool = False

    def statement(self) -> str:
        """The comparison as text."""
        if self.comparison == "is":
            return self.quantity.replace("_", " ") if self.bound else f"not {self.quantity.replace('_', ' ')}"
        unit = "× upper limit" if self.per_upper_limit else unit_of(self.quantity)
        times = "× " if unit.startswith("10") else ""
        bound = f"{self.bound:g} {times}{unit}".rstrip()
        return f"{within_a_sentence(self.quantity)} {_SYMBOLS[self.comparison]} {bound}"

    def holds(self, facts: Mapping[str, Observation], limits: Mapping[str, LaboratoryLimit]) -> bool | None:
        """Whether the comparison holds; None if value or limit is not known."""
        fact = facts.get(self.quantity)
        if fact is None:
            return None
        if self.comparison == "is":
            return fact.value == self.bound
        bound = as_typed(self.bound)
        if self.per_upper_limit:
            limit = limits.get(self.quantity)
            if limit is None or limit.upper is None:
                return None
            bound *= as_typed(limit.upper)
        return _COMPARISONS[self.comparison](as_typed(fact.value), bound)


@dataclass(frozen=True)
class Rule:
    """A stop criterion or an entry requirement: all or any of its conditions.

    ``requirement``: the rule as one phrase; for an entry rule, the phrase printed when it fails.
    """

    name: str
    kind: RuleKind
    requirement: str
    combine: Literal["any", "all"]
    conditions: tuple[Condition, ...]
    group: str = ""


@dataclass(frozen=True)
class RuleOutcome:
    """What a rule says of one patient.

    ``values``: quantity → what was compared; ``missing``: quantities (or upper limits) that are not known;
    ``deciding``: quantities whose comparison decided.
    """

    rule: Rule
    outcome: Outcome
    values: FrozenMap[str, Observation]
    missing: tuple[str, ...]
    deciding: tuple[str, ...]

    @property
    def text(self) -> str:
        """One line: a met stop criterion or failed requirement with its values and dates, or what is missing."""
        if self.outcome == "cannot decide":
            lacking = ", ".join(_missing_in_words(item) for item in self.missing)
            named = lacking.startswith(self.rule.name)
            return f"{lacking} missing" if named else f"{self.rule.name}: {lacking} missing"
        shown = [c for c in self.rule.conditions if c.quantity in self.deciding] or self.rule.conditions
        return "; ".join(self._with_value(condition) for condition in shown)

    def _with_value(self, condition: Condition) -> str:
        observed = self.values.get(condition.quantity)
        if observed is None:
            return condition.statement()
        value = "yes" if observed.value else "no"
        details = [value if condition.comparison == "is" else f"{observed.value:.6g}"]
        if observed.date is not None:
            details.append(observed.date.isoformat())
        if observed.origin != "stated":
            details.append(observed.origin)
        return f"{condition.statement()} ({', '.join(details)})"


def _missing_in_words(item: str) -> str:
    prefix = _UPPER_LIMIT_OF if item.startswith(_UPPER_LIMIT_OF) else ""
    key = item.removeprefix(_UPPER_LIMIT_OF)
    unit = f" ({unit_of(key)})" if unit_of(key) else ""
    return f"{prefix}{within_a_sentence(key)}{unit}"


def evaluate_rule(rule: Rule, facts: Mapping[str, Observation], limits: Mapping[str, LaboratoryLimit]) -> RuleOutcome:
    """Apply a rule; a missing value is never taken for a normal one.

    An "any" rule is met as soon as one condition holds, and not met only if all are known not to; an "all" rule the
    other way round.
    """
    answers = [condition.holds(facts, limits) for condition in rule.conditions]
    decisive = rule.combine == "any"
    outcome: Outcome
    if decisive in answers:
        outcome = "met" if decisive else "not met"
    elif None in answers:
        outcome = "cannot decide"
    else:
        outcome = "not met" if decisive else "met"
    missing = []
    for condition, answer in zip(rule.conditions, answers, strict=True):
        if answer is None:
            known = condition.quantity in facts
            missing.append(f"{_UPPER_LIMIT_OF}{condition.quantity}" if known else condition.quantity)
    return RuleOutcome(
        rule,
        outcome,
        FrozenMap({c.quantity: facts[c.quantity] for c in rule.conditions if c.quantity in facts}),
        tuple(missing),
        tuple(c.quantity for c, answer in zip(rule.conditions, answers, strict=True) if answer is decisive),
    )


@dataclass(frozen=True)
class RuleSet:
    """The rules of one trial."""

    name: str
    source: str
    entry: tuple[Rule, ...]
    stop: tuple[Rule, ...]


@functools.cache
def bundled_rules() -> tuple[str, ...]:
    """Names of the rule sets that come with the program."""
    folder = resource("safety")
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if ".toml" in item.name))


def read_rules(name: str) -> RuleSet:
    """A bundled rule set, for example ``duonen``.

    Raises
    ------
    MissingDataError
        If there is none of this name.
    """
    known = bundled_rules()
    if name not in known:
        raise MissingDataError(
            f"unknown rule set {name!r}", where="protocol, [safety]", remedy=f"use one of {', '.join(known)}"
        )
    return parse_rules(table_bytes("safety", f"{name}.toml"), where=f"resources/safety/{name}.toml")


@functools.lru_cache(maxsize=32)
def parse_rules(content: bytes, *, where: str) -> RuleSet:
    """A rule set from the bytes of its file."""
    problems: list[DosimetryError] = []
    root = TomlTable(parse_toml(content, where=where), place=where, problems=problems)
    if root.integer("format", minimum=1) != RULES_FORMAT:
        root.wrong("format", "is not a format this program reads", f"write format = {RULES_FORMAT}")
    name, source = root.text("name"), root.text("source")
    entry = tuple(_rule(table, "entry") for table in root.tables("entry", required=True))
    stop = tuple(_rule(table, "stop") for table in root.tables("stop", required=True))
    root.finish()
    raise_problems(problems)
    return RuleSet(name, source, entry, stop)


OWN_RULES: Final = "own"
"""Name by which a protocol file means the rules that stand in itself."""


def read_own_rules(table: TomlTable, *, protocol: str, source: str, named: Iterable[str | None]) -> RuleSet | None:
    """Rules of a clinic's own, as ``[[safety.entry]]`` and ``[[safety.stop]]`` of its protocol file; None without any.

    Parameters
    ----------
    table
        ``[safety]`` of the protocol.
    protocol, source
        Its name and source.
    named
        What the protocol names as its entry and stop rules, in this order.
    """
    given = {
        "entry": tuple(_rule(item, "entry") for item in table.tables("entry")),
        "stop": tuple(_rule(item, "stop") for item in table.tables("stop")),
    }
    for kind, name in zip(given, named, strict=True):
        if name not in (None, OWN_RULES, *bundled_rules()):
            known = ", ".join((*bundled_rules(), OWN_RULES))
            table.wrong(f"{kind}_rules", f"{name!r} is no rule set", f"use one of {known}, or take it out")
        if name == OWN_RULES and not given[kind]:
            table.wrong(f"{kind}_rules", f"is {OWN_RULES!r}, but there are none", f"add [[safety.{kind}]]")
        elif given[kind] and name != OWN_RULES:
            table.wrong(kind, "rules that are not used", f'write {kind}_rules = "{OWN_RULES}", or take them out')
    if not any(given.values()):
        return None
    return RuleSet(protocol, source, given["entry"], given["stop"])


def _rule(table: TomlTable, kind: RuleKind) -> Rule:
    name, requirement = table.text("name"), table.text("requirement")
    group = table.optional_text("group") or ""
    given = [key for key in ("any", "all") if table.has(key)]
    if len(given) != 1:
        table.wrong("any", "give either any or all", "list the conditions under one of them")
    combine: Literal["any", "all"] = "all" if given == ["all"] else "any"
    conditions = tuple(_condition(item, kind) for item in table.tables(combine, required=True))
    table.finish()
    return Rule(name, kind, requirement, combine, conditions, group)


def _condition(table: TomlTable, kind: RuleKind) -> Condition:
    quantity = table.text("value")
    comparisons = [key for key in (*_COMPARISONS, "is") if table.has(key)]
    if len(comparisons) != 1:
        table.wrong("value", "needs exactly one comparison", f"use one of {', '.join((*_COMPARISONS, 'is'))}")
        return Condition(quantity, "below", 0.0)
    comparison = comparisons[0]
    _check_quantity(table, kind, quantity, comparison)
    bound = float(bool(table.optional_flag("is"))) if comparison == "is" else table.number(comparison)
    per_upper_limit = bool(table.optional_flag("times_upper_limit"))
    table.finish()
    return Condition(quantity, comparison, bound, per_upper_limit)


def _check_quantity(table: TomlTable, kind: RuleKind, quantity: str, comparison: str) -> None:
    """A rule about a quantity that nothing ever gives would never answer.

    Stop rules see laboratory values alone. Entry rules also ask a person: any question with yes or no, but no numbers
    except those known.
    """
    if comparison == "is":
        if quantity in (*LABORATORY_NAMES, *STATED_NUMBERS):
            table.wrong("value", f"{quantity!r} is a number", f"compare it with one of {', '.join(_COMPARISONS)}")
        elif kind == "stop":
            table.wrong("value", f"{quantity!r} is no laboratory value", "stop rules compare laboratory values")
        return
    known = LABORATORY_NAMES if kind == "stop" else (*LABORATORY_NAMES, *STATED_NUMBERS)
    if quantity not in known:
        near = difflib.get_close_matches(quantity, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
        table.wrong("value", f"unknown quantity {quantity!r}", hint)
