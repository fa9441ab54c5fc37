"""Errors a user can act on, and findings: graded remarks that travel with a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """A remark attached to a result.

    Parameters
    ----------
    code
        Stable kebab-case identifier, for example ``"extrapolated-fraction"``; an override names it.
    level
        ``info``, ``warning`` or ``error``; an error blocks signing unless overridden with a reason.
    text
        One sentence a physicist understands, with the value and the limit.
    place
        What it is about: ``"cycle 1, Kidney L"``, a file, a field. Empty for the whole case.
    """

    code: str
    level: Level
    text: str
    place: str = ""


class DosimetryError(Exception):
    """Something the user can mend: what is wrong, where, and what to do.

    Parameters
    ----------
    what
        What is wrong, in the user's words.
    where
        File, field, VOI or time point.
    remedy
        What to do about it.
    rule
        Name of the reader's rule that was broken (`dosimetry_core.dicom.rules`), where there is one.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", rule: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        self.rule = rule
        super().__init__(self.line())

    def line(self) -> str:
        """The whole message in one line: place, fault, remedy."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text}; {self.remedy}" if self.remedy else text
        return " ".join(text.split())


class DicomReadError(DosimetryError):
    """A file or series that can't be read right."""


class GeometryMismatchError(DosimetryError):
    """Things that should share a frame of reference or a grid and don't."""


class MissingDataError(DosimetryError):
    """A value that is needed and was not given; it is never guessed."""


class FitError(DosimetryError):
    """A time–activity curve that can't be fitted."""


class InconsistentCaseError(DosimetryError):
    """A case file or record whose parts contradict each other."""


class InputProblems(DosimetryError):
    """Several problems found together, each with its place.

    Parameters
    ----------
    problems
        At least one error; each becomes one line.
    """

    def __init__(self, problems: Iterable[DosimetryError]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("InputProblems needs at least one problem")
        super().__init__("\n".join(problem.line() for problem in self.problems))

    def line(self) -> str:
        """All problems, one line each."""
        return "\n".join(problem.line() for problem in getattr(self, "problems", ()))


def raise_problems(problems: Iterable[DosimetryError]) -> None:
    """Raise what was gathered: nothing, the single error itself, or all of them together."""
    gathered = tuple(problems)
    if len(gathered) == 1:
        raise gathered[0]
    if gathered:
        raise InputProblems(gathered)
