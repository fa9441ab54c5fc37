"""A treatment protocol is data: nuclides, limits, allocation, predictor, rounding; read from a checked TOML file."""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from dosimetry_core.case import Course
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import nuclide
from dosimetry_core.protocol_names import OWN_NAME, taken_name
from dosimetry_core.protocol_names import bundled_protocols as bundled_protocols
from dosimetry_core.safety.rules import RuleSet, read_own_rules
from dosimetry_core.toml_lines import with_line
from dosimetry_core.toml_table import TomlTable, parse_toml
from dosimetry_core.units import GIGABECQUEREL

PROTOCOL_FORMAT: Final = 1

ActivityRule = Literal["adapt-free-nuclide", "fixed", "fixed-while-limits-allow"]
NuclideRole = Literal["fixed", "free"]
Allocation = Literal["equal-split", "front-loaded", "weights"]
Predictor = Literal["latest", "mean", "activity-weighted-mean", "linear-trend", "maximum"]
KidneyQuantity = Literal["mean", "higher-side"]
LimitKey = Literal["kidneys", "red_marrow_per_cycle", "red_marrow_total", "kidneys_bed"]

LIMIT_ORGANS: Final[FrozenMap[LimitKey, str]] = FrozenMap(
    {
        "kidneys": "kidneys",
        "red_marrow_per_cycle": "red_marrow",
        "red_marrow_total": "red_marrow",
        "kidneys_bed": "kidneys",
    }
)
_LIMIT_TOML_KEYS: Final[dict[LimitKey, str]] = {
    "kidneys": "kidneys_total_gy",
    "red_marrow_per_cycle": "red_marrow_per_cycle_gy",
    "red_marrow_total": "red_marrow_total_gy",
}
_BED_LIMIT_TOML_KEYS: Final[dict[LimitKey, str]] = {"kidneys_bed": "kidneys_total_bed_gy"}


@dataclass(frozen=True)
class ProtocolNuclide:
    """One nuclide of a protocol.

    Parameters
    ----------
    name
        As in case files, ``"Lu-177"``.
    role
        ``fixed``: the standard activity in every cycle; ``free``: adapted to the limits.
    standard_activity_bq
        Activity of the first cycle, and of every cycle for a fixed nuclide.
    minimum_dispensable_activity_bq
        A smaller free activity is not given at all; 0 for a fixed nuclide.
    activity_cap_bq
        Highest free activity of one cycle that the site allows; None: no cap.
    """

    name: str
    role: NuclideRole
    standard_activity_bq: float
    minimum_dispensable_activity_bq: float = 0.0
    activity_cap_bq: float | None = None


@dataclass(frozen=True)
class Protocol:
    """A treatment protocol, complete and checked.

    Parameters
    ----------
    name, title, source
        Short name, title for people, and where the protocol is published.
    cycles
        Number of cycles; None: open, as many as the limits allow.
    activity_rule
        ``adapt-free-nuclide``: the free nuclide is adapted to the limits; ``fixed``: never modified, an excess is
        reported; ``fixed-while-limits-allow``: the fixed activity is given as long as no limit is passed.
    nuclides
        In the order of the file.
    limits_gy
        Absorbed-dose limits in Gy by `LimitKey`; ``red_marrow_per_cycle`` holds for one cycle, the others for the
        whole course, prior courses included.
    bed_limits_gy
        Limits of the biologically effective dose of the whole course in Gy; never to be compared with absorbed doses.
    allocation
        How the remaining absorbed dose is shared among the remaining cycles. ``equal-split`` is our reading of the
        DUONEN publication, which gives no formula (methods 6.2).
    allocation_weights
        One weight per cycle of the protocol for ``weights``; else empty.
    predictor
        How absorbed dose per activity is predicted from the measured cycles.
    linear_trend_may_fall
        Whether a linear trend may predict less than the last measured value.
    kidney_quantity
        Which kidney value is planned with: the mass-weighted mean of both, or the higher side.
    rounding_step_bq
        Free activities are rounded down to a multiple of it.
    confirm_above_relative_to_standard, confirm_above_relative_to_last
        A proposal above this multiple of the standard activity, or of the last one given, needs a typed reason.
    warn_above_probability
        A probability of exceeding a limit above this is a warning.
    between_cycle_relative_standard_uncertainty
        Relative standard deviation of the absorbed dose per activity from cycle to cycle that a measurement in an
        earlier cycle can't tell; enters the probability of exceeding a limit, independent for each future cycle.
    entry_rules, stop_rules
        Names of the rule sets of resources/safety, or ``own``; None: the protocol has none.
    own_rules
        Rules that stand in the protocol file itself.
    digest
        SHA-256 of the file, hexadecimal.
    """

    name: str
    title: str
    source: str
    cycles: int | None
    activity_rule: ActivityRule
    nuclides: tuple[ProtocolNuclide, ...]
    limits_gy: FrozenMap[LimitKey, float]
    rounding_step_bq: float
    digest: str
    allocation: Allocation
    allocation_weights: tuple[float, ...]
    predictor: Predictor
    linear_trend_may_fall: bool
    kidney_quantity: KidneyQuantity
    confirm_above_relative_to_standard: float
    confirm_above_relative_to_last: float
    warn_above_probability: float
    between_cycle_relative_standard_uncertainty: float
    entry_rules: str | None
    stop_rules: str | None
    own_rules: RuleSet | None
    bed_limits_gy: FrozenMap[LimitKey, float]

    @property
    def free_nuclide(self) -> ProtocolNuclide | None:
        """The nuclide that is adapted, or None."""
        return next((n for n in self.nuclides if n.role == "free"), None)

    @property
    def fixed_nuclides(self) -> tuple[ProtocolNuclide, ...]:
        """Nuclides given with their standard activity in every cycle."""
        return tuple(n for n in self.nuclides if n.role == "fixed")

    @property
    def limited_organs(self) -> tuple[str, ...]:
        """Organs that have a limit."""
        return tuple(dict.fromkeys(LIMIT_ORGANS[key] for key in (*self.limits_gy, *self.bed_limits_gy)))

    @functools.cached_property
    def all_limits_gy(self) -> FrozenMap[LimitKey, float]:
        """Limits of absorbed dose and of BED together, by key; each in its own quantity."""
        return FrozenMap({**self.limits_gy, **self.bed_limits_gy})

    @property
    def total_limit_gy(self) -> FrozenMap[str, float]:
        """Limit of the whole course by organ."""
        return FrozenMap(
            {LIMIT_ORGANS[key]: limit for key, limit in self.limits_gy.items() if key != "red_marrow_per_cycle"}
        )

    def to_json(self) -> dict[str, Any]:
        """Every number of the protocol as plain JSON in core units, for results.json and the second opinion."""
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "sha256": self.digest,
            "cycles": self.cycles,
            "activity_rule": self.activity_rule,
            "nuclides": [
                {
                    "name": n.name,
                    "role": n.role,
                    "standard_activity_bq": n.standard_activity_bq,
                    "minimum_dispensable_activity_bq": n.minimum_dispensable_activity_bq,
                    "activity_cap_bq": n.activity_cap_bq,
                }
                for n in self.nuclides
            ],
            "limits_gy": dict(self.limits_gy),
            "bed_limits_gy": dict(self.bed_limits_gy),
            "allocation": self.allocation,
            "allocation_weights": list(self.allocation_weights),
            "predictor": self.predictor,
            "linear_trend_may_fall": self.linear_trend_may_fall,
            "kidney_quantity": self.kidney_quantity,
            "rounding_step_bq": self.rounding_step_bq,
            "confirm_above_relative_to_standard": self.confirm_above_relative_to_standard,
            "confirm_above_relative_to_last": self.confirm_above_relative_to_last,
            "warn_above_probability": self.warn_above_probability,
            "between_cycle_relative_standard_uncertainty": self.between_cycle_relative_standard_uncertainty,
            "entry_rules": self.entry_rules,
            "stop_rules": self.stop_rules,
        }


def read_protocol(name_or_path: str, *, folder: Path | str = ".") -> Protocol:
    """A bundled protocol by its name, or a protocol file by its path.

    Parameters
    ----------
    name_or_path
        ``"duonen-b"``, or a path ending in ``.toml``.
    folder
        Where a relative path starts: the folder of the case.

    Raises
    ------
    MissingDataError
        If there is no such protocol, or a key is missing.
    InconsistentCaseError
        If the file is wrong; several faults are reported together, each with its line, table, key and remedy.
    """
    if name_or_path.endswith(".toml"):
        path = Path(folder) / name_or_path
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MissingDataError(
                f"protocol file can't be read ({error.strerror})", where=str(path), remedy="correct course.protocol"
            ) from error
        require_own_name(content, where=str(path))
        return parse_protocol(content, where=str(path))
    known = bundled_protocols()
    if name_or_path not in known:
        raise MissingDataError(
            f"unknown protocol {name_or_path!r}",
            where="course.protocol",
            remedy=f"use one of {', '.join(known)}, or the path of a .toml file",
        )
    return parse_protocol(
        table_bytes("protocols", f"{name_or_path}.toml"), where=f"resources/protocols/{name_or_path}.toml"
    )


def require_own_name(content: bytes, *, where: str) -> None:
    """Refuse a protocol file with the name of a bundled protocol, unless it is that very file.

    Raises
    ------
    InconsistentCaseError
        If plans would name a published protocol beside other limits.
    """
    name = taken_name(content)
    if name is not None:
        problem = InconsistentCaseError(
            f"{name!r} comes with the program, with another content", where=f"{where}, name", remedy=OWN_NAME
        )
        raise with_line(problem, content.decode("utf-8-sig"), where)


def protocol_of_course(course: Course, *, folder: Path | str = ".") -> Protocol:
    """The protocol of a course: the clinic's own as it was read with the case, else as `read_protocol` finds it."""
    if course.protocol_text is not None:
        return parse_protocol(course.protocol_text.encode("utf-8"), where=str(Path(folder) / course.protocol))
    return read_protocol(course.protocol, folder=folder)


@functools.lru_cache(maxsize=32)
def parse_protocol(content: bytes, *, where: str) -> Protocol:
    """A protocol from the bytes of its file; ``where`` names the file in messages."""
    problems: list[DosimetryError] = []
    root = TomlTable(parse_toml(content, where=where), place=where, problems=problems)
    if root.integer("format", minimum=1) != PROTOCOL_FORMAT:
        root.wrong("format", "is not a format this program reads", f"write format = {PROTOCOL_FORMAT}")
    name, title, source = root.text("name"), root.text("title"), root.text("source")
    course = _table(root, "course")
    rule = cast(ActivityRule, _choice(course, "activity_rule", get_args(ActivityRule)))
    cycles = _cycles(course)
    nuclides = tuple(_nuclide(table) for table in root.tables("nuclide", required=True))
    _check_nuclides(root, rule, nuclides)
    limits, bed_limits = _limits(_table(root, "limits"))
    planning = _planning(_table(root, "planning"), rule, cycles)
    safety = root.table("safety")
    rules = {key: safety.optional_text(key) if safety is not None else None for key in ("entry_rules", "stop_rules")}
    named = (rules["entry_rules"], rules["stop_rules"])
    own = None if safety is None else read_own_rules(safety, protocol=name, source=source, named=named)
    for table in (course, safety, root):
        if table is not None:
            table.finish()
    text = content.decode("utf-8-sig")
    raise_problems(with_line(problem, text, where) for problem in problems)
    return Protocol(
        name=name,
        title=title,
        source=source,
        cycles=cycles,
        activity_rule=rule,
        nuclides=nuclides,
        limits_gy=limits,
        digest=hashlib.sha256(content).hexdigest(),
        entry_rules=rules["entry_rules"],
        stop_rules=rules["stop_rules"],
        own_rules=own,
        bed_limits_gy=bed_limits,
        **planning,
    )


def _table(root: TomlTable, key: str) -> TomlTable:
    table = root.table(key)
    if table is None:
        root.wrong(key, f"the [{key}] table is missing", "add it")
        return TomlTable({}, place=f"{root.place}, [{key}]", problems=[])
    return table


def _choice(table: TomlTable, key: str, choices: tuple[str, ...]) -> str:
    if not table.has(key):
        table.wrong(key, "is missing", f"use one of {', '.join(choices)}")
    return str(table.choice(key, choices, choices[0]))


def _cycles(course: TomlTable) -> int | None:
    if course.content.get("cycles") == "open":
        course.has("cycles")
        return None
    return course.integer("cycles", minimum=1)


def _nuclide(table: TomlTable) -> ProtocolNuclide:
    name = table.text("name")
    if name:
        try:
            nuclide(name)
        except InconsistentCaseError as error:
            table.wrong("name", error.what, error.remedy)
    role = cast(NuclideRole, _choice(table, "role", get_args(NuclideRole)))
    standard = GIGABECQUEREL.to_core(table.number("standard_activity_gbq", above=0.0))
    if role == "fixed":
        for key in ("minimum_dispensable_activity_gbq", "activity_cap_gbq"):
            if table.has(key):
                table.wrong(key, "has no meaning for a fixed nuclide", "remove it, or make the nuclide free")
        table.finish()
        return ProtocolNuclide(name, role, standard)
    smallest = GIGABECQUEREL.to_core(table.number("minimum_dispensable_activity_gbq", minimum=0.0))
    cap = table.optional_number("activity_cap_gbq", above=0.0)
    table.finish()
    return ProtocolNuclide(name, role, standard, smallest, None if cap is None else GIGABECQUEREL.to_core(cap))


def _check_nuclides(root: TomlTable, rule: ActivityRule, nuclides: tuple[ProtocolNuclide, ...]) -> None:
    names = [n.name for n in nuclides]
    for name in sorted({name for name in names if names.count(name) > 1}):
        root.wrong("nuclide", f"{name} is listed twice", "list each nuclide once")
    free = [n.name for n in nuclides if n.role == "free"]
    if rule == "adapt-free-nuclide" and len(free) != 1:
        root.wrong("nuclide", f"{len(free)} nuclides are free", f"make exactly one free for activity_rule {rule!r}")
    if rule != "adapt-free-nuclide" and free:
        root.wrong("nuclide", f"{free[0]} is free", f"make it fixed for activity_rule {rule!r}")


def _limits(table: TomlTable) -> tuple[FrozenMap[LimitKey, float], FrozenMap[LimitKey, float]]:
    """Limits of absorbed dose, and of BED."""
    both: list[dict[LimitKey, float]] = []
    for keys in (_LIMIT_TOML_KEYS, _BED_LIMIT_TOML_KEYS):
        read = {key: table.optional_number(toml_key, above=0.0) for key, toml_key in keys.items()}
        both.append({key: value for key, value in read.items() if value is not None})
    given = [key for key in ("kidneys_total_gy", "kidneys_total_bed_gy") if table.content.get(key)]
    if not any(LIMIT_ORGANS[key] == "kidneys" for limits in both for key in limits) and not given:
        table.wrong(
            "kidneys_total_gy",
            "is missing",
            "give the limit of the absorbed dose to the kidneys in Gy, or kidneys_total_bed_gy for one of BED",
        )
    each, whole = both[0].get("red_marrow_per_cycle"), both[0].get("red_marrow_total")
    if each is not None and whole is not None and each > whole > 0:
        table.wrong(
            "red_marrow_per_cycle_gy",
            f"{each:g} Gy is above the limit of the whole course, {whole:g} Gy",
            "correct one of both",
        )
    table.finish()
    return FrozenMap(both[0]), FrozenMap(both[1])


def _planning(table: TomlTable, rule: ActivityRule, cycles: int | None) -> dict[str, Any]:
    allocation = _choice(table, "allocation", get_args(Allocation))
    weights = table.numbers("allocation_weights")
    if allocation == "weights" and (cycles is None or len(weights) != cycles or not all(w > 0 for w in weights)):
        table.wrong("allocation_weights", "don't fit", "give one positive weight for each cycle of the protocol")
    if allocation != "weights" and weights:
        table.wrong("allocation_weights", "is given without need", 'remove it, or set allocation = "weights"')
    if cycles is None and rule == "adapt-free-nuclide":
        table.wrong("allocation", "an open number of cycles can't be allocated to", "give course.cycles")
    step = table.number("rounding_step_gbq", above=0.0)
    may_fall = table.optional_flag("linear_trend_may_fall")
    planning = {
        "allocation": allocation,
        "allocation_weights": weights,
        "predictor": _choice(table, "predictor", get_args(Predictor)),
        "linear_trend_may_fall": False if may_fall is None else may_fall,
        "kidney_quantity": _choice(table, "kidney_quantity", get_args(KidneyQuantity)),
        "rounding_step_bq": GIGABECQUEREL.to_core(step) if math.isfinite(step) else 1.0,
        "confirm_above_relative_to_standard": table.number("confirm_above_relative_to_standard", minimum=1.0),
        "confirm_above_relative_to_last": table.number("confirm_above_relative_to_last", minimum=1.0),
        "warn_above_probability": table.number("warn_above_probability", minimum=0.0, maximum=1.0),
        "between_cycle_relative_standard_uncertainty": table.number(
            "between_cycle_relative_standard_uncertainty", minimum=0.0, maximum=1.0
        ),
    }
    table.finish()
    return planning
