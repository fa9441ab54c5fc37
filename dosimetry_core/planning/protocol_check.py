"""What is wrong with the text of a protocol: every fault with its line, key and remedy."""

from __future__ import annotations

from dataclasses import dataclass

from dosimetry_core.errors import DosimetryError, InputProblems
from dosimetry_core.planning.protocol import Protocol, parse_protocol
from dosimetry_core.toml_lines import line_said


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


def checked_protocol(content: bytes, *, where: str) -> CheckedProtocol:
    """The protocol of a text, or its faults, in the order of their lines."""
    try:
        return CheckedProtocol(parse_protocol(content, where=where))
    except InputProblems as error:
        problems: tuple[DosimetryError, ...] = tuple(error.problems)
    except DosimetryError as error:
        problems = (error,)
    faults = [ProtocolFault(line_said(problem), problem.line()) for problem in problems]
    return CheckedProtocol(None, tuple(sorted(faults, key=lambda fault: (fault.line is None, fault.line or 0))))
