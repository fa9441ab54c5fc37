"""What is wrong with the text of a protocol: every fault with its line, key and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dosimetry_core.errors import DosimetryError, InputProblems
from dosimetry_core.planning.protocol import Protocol, parse_protocol, require_own_name
from dosimetry_core.toml_lines import line_said, with_line
from dosimetry_core.units import GIGABECQUEREL, GRAY


@dataclass(frozen=True)
class ProtocolFault:
    """One fault of a protocol; ``line`` counts from 1 and is None where no line can be named."""

    line: int | None
    text: str


@dataclass(frozen=True)
class CheckedProtocol:
    """A protocol, or what is wrong with it."""

    protocol: Protocol | None
    faults: tuple[ProtocolFault, ...] = ()
    doubts: tuple[ProtocolFault, ...] = ()
    """What a protocol may hold, but is probably a slip of the pen."""


UNUSUAL_KIDNEYS_GY: Final = 50.0
"""About twice the 23 to 28 Gy that trials keep; whole-organ tolerance in fractions is below it."""
UNUSUAL_MARROW_GY: Final = 4.0
"""Twice the usual limit of 2 Gy for a course."""
UNUSUAL_MARROW_PER_CYCLE_GY: Final = 2.0
"""The usual limit of a whole course."""
UNUSUAL_STEP_BQ: Final = GIGABECQUEREL.to_core(1.0)
"""A dispensed activity is rounded far finer."""


def checked_protocol(content: bytes, *, where: str, own_name: bool = False) -> CheckedProtocol:
    """The protocol of a text with what is doubtful in it, or its faults, in the order of their lines.

    Parameters
    ----------
    content, where
        Of the file, and what messages call it.
    own_name
        Whether the name of a bundled protocol is a fault of any other file.
    """
    try:
        protocol = parse_protocol(content, where=where)
        if own_name:
            require_own_name(content, where=where)
        return CheckedProtocol(protocol, doubts=_doubts(protocol, content.decode("utf-8-sig"), where))
    except InputProblems as error:
        problems: tuple[DosimetryError, ...] = tuple(error.problems)
    except DosimetryError as error:
        problems = (error,)
    faults = [ProtocolFault(line_said(problem), problem.line()) for problem in problems]
    return CheckedProtocol(None, tuple(sorted(faults, key=lambda fault: (fault.line is None, fault.line or 0))))


def _doubts(protocol: Protocol, text: str, where: str) -> tuple[ProtocolFault, ...]:
    """Limits and steps far beyond what is used, each with its line and key."""
    limits, step = protocol.limits_gy, protocol.rounding_step_bq
    values = [
        ("[limits]", "kidneys_total_gy", limits.get("kidneys"), UNUSUAL_KIDNEYS_GY, GRAY),
        ("[limits]", "red_marrow_per_cycle_gy", limits.get("red_marrow_per_cycle"), UNUSUAL_MARROW_PER_CYCLE_GY, GRAY),
        ("[limits]", "red_marrow_total_gy", limits.get("red_marrow_total"), UNUSUAL_MARROW_GY, GRAY),
        ("[planning]", "rounding_step_gbq", step, UNUSUAL_STEP_BQ, GIGABECQUEREL),
    ]
    found = []
    for table, key, value, usual, unit in values:
        if value is not None and value > usual:
            told = DosimetryError(
                f"{unit.text(value)} is unusual: above {unit.text(usual)}",
                where=f"{where}, {table}, {key}",
                remedy="check the number and its unit",
            )
            placed = with_line(told, text, where)
            found.append(ProtocolFault(line_said(placed), placed.line()))
    return tuple(found)
