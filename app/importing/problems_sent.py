"""Errors that a user can act on, as plain values between two processes."""

from __future__ import annotations

from typing import Any, Final

from dosimetry_core.errors import (
    DicomReadError,
    DosimetryError,
    FitError,
    GeometryMismatchError,
    InconsistentCaseError,
    InputProblems,
    MissingDataError,
)

_KINDS: Final = {
    kind.__name__: kind
    for kind in (
        DosimetryError,
        DicomReadError,
        GeometryMismatchError,
        MissingDataError,
        FitError,
        InconsistentCaseError,
    )
}
_RULE: Final = "rule"


def problems_as_plain(error: DosimetryError) -> list[dict[str, str]]:
    """One table for every problem."""
    problems = error.problems if isinstance(error, InputProblems) else (error,)
    plain = []
    for problem in problems:
        kind = next(cls.__name__ for cls in type(problem).__mro__ if cls.__name__ in _KINDS)
        table = {"kind": kind, "what": problem.what, "where": problem.where, "remedy": problem.remedy}
        if hasattr(problem, _RULE):
            table[_RULE] = getattr(problem, _RULE)
        plain.append(table)
    return plain


def problems_from_plain(plain: Any) -> list[DosimetryError]:
    """The problems back; ValueError if these are none."""
    problems = []
    try:
        for table in plain:
            texts = {key: str(table[key]) for key in ("where", "remedy")}
            if _RULE in table:
                texts[_RULE] = str(table[_RULE])
            problems.append(_KINDS[table["kind"]](str(table["what"]), **texts))
    except (TypeError, KeyError) as error:
        raise ValueError(f"no problems: {error!r}") from error
    if not problems:
        raise ValueError("no problems")
    return problems
