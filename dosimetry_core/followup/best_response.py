"""Best overall response by RECIST 1.1, as it was seen and as a later assessment confirmed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal

OverallResponse = Literal["CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"]

CONFIRMED_AFTER_DAYS: Final = 28
"""A response is confirmed by an assessment at least 4 weeks later (RECIST 1.1, section 4.6)."""
LEAST_STABLE_DAYS: Final = 42
"""Stable disease counts from 6 weeks after the baseline on, the shortest interval of section 4.6."""
_ORDER: Final[tuple[OverallResponse, ...]] = ("CR", "PR", "SD", "non-CR/non-PD", "PD", "NE")
_STABLE: Final = ("SD", "non-CR/non-PD")


def best_overall_response(
    baseline_on: date,
    assessed: Iterable[tuple[date, OverallResponse]],
    *,
    confirmed: bool,
    has_targets: bool = True,
) -> OverallResponse | None:
    """Best of all responses up to progression; None without any.

    Parameters
    ----------
    baseline_on
        Day of the baseline.
    assessed
        Day and overall response of each assessment after the baseline, by date.
    confirmed
        Whether a complete or partial response counts only where a later assessment confirms it. Confirming is done by
        the first assessment at least 4 weeks later that could be evaluated; those before it must be responses as well.
        A complete response that is followed by a partial one confirms a partial response. What is not confirmed counts
        as stable disease, without target lesions as neither complete response nor progression.
    has_targets
        Whether target lesions were measured: without them nothing is partial or stable (table 2).

    Notes
    -----
    Stable disease needs an assessment at least 6 weeks after the baseline; an earlier one counts as progression where
    that is what followed, else as not evaluable.

    References
    ----------
    Eisenhauer EA et al., Eur J Cancer 45 (2009) 228–247, doi 10.1016/j.ejca.2008.10.026, section 4.6 and table 3.
    """
    until: list[tuple[date, OverallResponse]] = []
    for day, response in assessed:
        until.append((day, response))
        if response == "PD":
            break
    if not until:
        return None
    found: list[OverallResponse] = []
    for number, (day, response) in enumerate(until):
        if response in ("CR", "PR") and confirmed:
            response = _confirmed(response, day, until[number + 1 :], "SD" if has_targets else "non-CR/non-PD")
        if response in _STABLE and (day - baseline_on).days < LEAST_STABLE_DAYS:
            response = "NE"
        found.append(response)
    return min(found, key=_ORDER.index)


def _confirmed(
    response: OverallResponse, day: date, later: Sequence[tuple[date, OverallResponse]], otherwise: OverallResponse
) -> OverallResponse:
    """What a response is worth once it is held against what followed; ``otherwise`` where nothing confirms it."""
    seen: list[OverallResponse] = [response]
    for after, other in later:
        if other == "NE":
            continue
        if other not in ("CR", "PR"):
            break
        seen.append(other)
        if (after - day).days >= CONFIRMED_AFTER_DAYS:
            return "PR" if "PR" in seen else "CR"
    return otherwise
