"""What stands before a signature, in the window and on the command line alike: one gate, with the same reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.case_edits import with_registration
from app.registration_holds import hold_text, waiting_scans
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, raise_problems
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.registration.adjustments import confirmed

Reasons = Mapping[tuple[str, str], str]
"""Typed reasons by code and place of the finding: one for a finding elsewhere covers nothing here."""

TO_ACKNOWLEDGE: Final = "probability-of-exceeding"
"""Above the protocol's probability (25 %) somebody has to say that they have seen it."""

ACKNOWLEDGE: Final = "--acknowledge"


def reasons_missing(evaluation: Evaluation, reasons: Reasons) -> tuple[Finding, ...]:
    """Findings that need a typed reason before signing and have none.

    Errors, activities to be confirmed, and a probability of exceeding a limit above the one to be acknowledged.
    """
    needed = {*evaluation.plan.confirmations, TO_ACKNOWLEDGE}
    return tuple(
        finding
        for finding in evaluation.findings
        if (finding.level == "error" or finding.code in needed)
        and not reasons.get((finding.code, finding.place), "").strip()
    )


def require_open_gate(evaluation: Evaluation, reasons: Reasons) -> None:
    """Refuse the signature while a registration is not confirmed, something is pending, or a finding has no reason.

    Raises
    ------
    DosimetryError
        One for the registrations, one for each finding; together where there are several.
    """
    held = hold_text(evaluation.case)
    problems: list[DosimetryError] = []
    if held:
        problems.append(
            InconsistentCaseError(
                held,
                where="not signed",
                remedy="confirm them in step 3 of the window, or state with --confirm-registrations what was looked at",
            )
        )
    if any(result.pending for result in evaluation.cycles):
        # No reason stands for what nobody has seen.
        problems.append(
            InconsistentCaseError(
                "what an edit left to be computed is still pending",
                where="not signed",
                remedy="wait until the results are complete",
            )
        )
    problems += [
        DosimetryError(
            f"{finding.code}: {finding.text}",
            where=f"not signed: {finding.place or 'plan'}",
            remedy=_remedy(finding),
        )
        for finding in reasons_missing(evaluation, reasons)
    ]
    raise_problems(problems)


def _remedy(finding: Finding) -> str:
    if finding.code == TO_ACKNOWLEDGE:
        return "acknowledge it in the plan step, or with --acknowledge REASON"
    return f'mend it, or give a reason in the plan step or with --override "{finding.code}@{finding.place}=REASON"'


@dataclass(frozen=True)
class TypedReason:
    """A reason as typed on the command line: for a finding code, and its place where one was named."""

    code: str
    place: str | None
    reason: str
    option: str


def typed_reasons(overrides: Sequence[str], acknowledgement: str | None) -> tuple[TypedReason, ...]:
    """Read ``CODE=REASON`` and ``CODE@PLACE=REASON``, and the text of an acknowledgement.

    Raises
    ------
    DosimetryError
        For one that names no code or no reason.
    """
    found = []
    for text in overrides:
        target, separator, reason = text.partition("=")
        code, at, place = target.partition("@")
        if not separator or not code.strip() or not reason.strip():
            raise DosimetryError(
                f"{text!r} names no reason", where="--override", remedy="write CODE=REASON or CODE@PLACE=REASON"
            )
        found.append(TypedReason(code.strip(), place.strip() if at else None, reason.strip(), "--override"))
    if acknowledgement is not None:
        if not acknowledgement.strip():
            raise DosimetryError("is empty", where=ACKNOWLEDGE, remedy="say why the plan is signed all the same")
        found.append(TypedReason(TO_ACKNOWLEDGE, None, acknowledgement.strip(), ACKNOWLEDGE))
    return tuple(found)


def reasons_by_place(typed: Sequence[TypedReason], findings: Sequence[Finding]) -> dict[tuple[str, str], str]:
    """Each typed reason at the finding it is for; an acknowledgement at every limit that may be exceeded.

    Raises
    ------
    DosimetryError
        If a reason is for no finding, could be for findings at several places, or is the second one for the same.
    """
    reasons: dict[tuple[str, str], str] = {}
    for each in typed:
        places = list(dict.fromkeys(finding.place for finding in findings if finding.code == each.code))
        chosen = [place for place in places if each.place in (None, place)]
        if not chosen:
            where = "" if each.place is None else f" at {each.place}"
            raise DosimetryError(
                f"nothing is found of {each.code}{where}",
                where=each.option,
                remedy=f"its places are: {'; '.join(places)}" if places else "take it out, or correct the code",
            )
        if len(chosen) > 1 and each.option != ACKNOWLEDGE:
            raise DosimetryError(
                f"{each.code} is found at {len(chosen)} places: {'; '.join(chosen)}",
                where=each.option,
                remedy=f'give a reason for each: --override "{each.code}@PLACE=REASON"',
            )
        if any((each.code, place) in reasons for place in chosen):
            raise DosimetryError(f"{each.code} is given twice", where=each.option, remedy="give one reason")
        reasons |= {(each.code, place): each.reason for place in chosen}
    return reasons


def with_confirmed_registrations(case: Case, *, by: str, at: datetime, note: str) -> Case:
    """The case with every waiting registration confirmed by a person who states what was looked at.

    A scan without any registration goes on waiting.

    Raises
    ------
    DosimetryError
        If nothing is stated.
    """
    if not note.strip():
        raise DosimetryError("is empty", where="--confirm-registrations", remedy="say what you looked at")
    for scan in waiting_scans(case):
        point = case.cycles[scan.cycle].time_points[scan.time_point]
        if point.registration.method != "none":
            case = with_registration(case, scan.cycle, scan.time_point, confirmed(point, by, at, note))
    return case


def with_confirmed(evaluation: Evaluation, *, by: str, at: datetime, note: str) -> Evaluation:
    """Results whose registrations are confirmed: no number depends on who confirmed them."""
    case = with_confirmed_registrations(evaluation.case, by=by, at=at, note=note)
    cycles = tuple(replace(result, cycle=cycle) for result, cycle in zip(evaluation.cycles, case.cycles, strict=True))
    return replace(evaluation, case=case, cycles=cycles)
