"""Remarks on what was given: activities far from the protocol's, cycles and laboratory values at unusual times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dosimetry_core.case import Administration, Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.units import DAY, GIGABECQUEREL, PERCENT, SECONDS_PER_DAY

DELIVERED_TOLERANCE: Final = 0.10
"""Methods 6.2: the delivered activity is within 10 % of the prescribed one."""
WRONG_UNIT_FACTOR: Final = 10.0
"""No protocol deviates so far; the unit or the power of ten is wrong."""
COMMENT_ABOVE: Final = 0.20
"""Reliability C5: further from the planned activity than this needs a comment."""
SHORTEST_INTERVAL_S: Final = 28 * SECONDS_PER_DAY
"""Half of the 8 weeks between cycles: before that, scans of a cycle may still show the one before."""
LABORATORY_WITHIN_DAYS: Final = 365


def given_findings(protocol: Protocol, cycles: Sequence[Cycle]) -> tuple[Finding, ...]:
    """Remarks on the administrations and dates of a course."""
    findings: list[Finding] = []
    for cycle in cycles:
        findings += _activity_findings(protocol, cycle)
        findings += _laboratory_findings(cycle)
    for before, after in itertools.pairwise(cycles):
        apart_s = (_start(after) - _start(before)).total_seconds()
        if apart_s < SHORTEST_INTERVAL_S:
            findings.append(
                Finding(
                    "cycle-interval",
                    "warning",
                    f"Begins only {DAY.text(apart_s, digits=1)} after cycle {before.number}, whose activity may still "
                    f"show in its images and blood ({DAY.text(SHORTEST_INTERVAL_S, digits=0)} at least are usual).",
                    f"cycle {after.number}",
                )
            )
    return tuple(findings)


def _start(cycle: Cycle) -> datetime:
    return min(given.start for given in cycle.administrations)


def _activity_findings(protocol: Protocol, cycle: Cycle) -> list[Finding]:
    """Deviations from what the protocol prescribes; a free nuclide's activity is known for the first cycle only."""
    findings = []
    known = {n.name: n for n in protocol.nuclides}
    for given in cycle.administrations:
        place = f"cycle {cycle.number}, {given.nuclide}"
        findings += deviation_findings(given, place)
        prescribed = known.get(given.nuclide)
        if prescribed is None:
            text = f"{given.nuclide} was given, which protocol {protocol.name} does not use."
            findings.append(Finding("nuclide-not-in-protocol", "warning", text, place))
            continue
        ratio = given.administered_activity_bq / prescribed.standard_activity_bq
        wrong_unit = not 1.0 / WRONG_UNIT_FACTOR < ratio < WRONG_UNIT_FACTOR
        adapted = (prescribed.role == "free" and cycle.number > 1) or given.planned_activity_bq is not None
        if not wrong_unit and (adapted or abs(ratio - 1.0) <= DELIVERED_TOLERANCE):
            continue
        stated = GIGABECQUEREL.text(given.administered_activity_bq, digits=4 if wrong_unit else None)
        text = (
            f"{stated} was administered, {GIGABECQUEREL.text(prescribed.standard_activity_bq)} is the protocol's "
            f"standard ({PERCENT.text(DELIVERED_TOLERANCE, digits=0)} either way is usual)"
        )
        findings.append(
            Finding(
                "administered-activity-unusual",
                "error" if wrong_unit else "warning",
                f"{text}; check the unit." if wrong_unit else f"{text}.",
                place,
            )
        )
    return findings


def deviation_findings(given: Administration, place: str) -> list[Finding]:
    """What stands between the given activity and the planned one; nothing within the usual tolerance, or unplanned."""
    planned = given.planned_activity_bq
    if planned is None:
        return []
    off = deviation(given.administered_activity_bq, planned)
    if off <= DELIVERED_TOLERANCE:
        return []
    text = (
        f"{GIGABECQUEREL.text(given.administered_activity_bq)} of {given.nuclide} was given, "
        f"{GIGABECQUEREL.text(planned)} was planned: {_percent(given.administered_activity_bq, planned)}"
    )
    if off > COMMENT_ABOVE and not given.comment.strip():
        limit = PERCENT.text(COMMENT_ABOVE, digits=0)
        return [Finding("given-without-comment", "error", f"{text}; above {limit} it needs a comment.", place)]
    because = f" ({given.comment.strip()})" if given.comment.strip() else ""
    return [Finding("given-differs-from-planned", "warning", f"{text}{because}.", place)]


def deviation(given_bq: float, planned_bq: float) -> float:
    """How far the given activity is from the planned one, as a share of it; infinite if none was planned."""
    if planned_bq == 0:
        return 0.0 if given_bq == 0 else math.inf
    return abs(given_bq / planned_bq - 1.0)


def _percent(given_bq: float, planned_bq: float) -> str:
    return "nothing was planned" if planned_bq == 0 else f"{PERCENT.from_core(given_bq / planned_bq - 1.0):+.1f} %"


def _laboratory_findings(cycle: Cycle) -> list[Finding]:
    day = _start(cycle).date()
    far = [r.date for r in cycle.laboratory if abs((r.date - day).days) > LABORATORY_WITHIN_DAYS]
    return [
        Finding(
            "laboratory-date-unusual",
            "warning",
            f"The laboratory values of {when.isoformat()} are more than a year away from the administration "
            f"({day.isoformat()}); check the date.",
            f"cycle {cycle.number}, laboratory",
        )
        for when in far
    ]
