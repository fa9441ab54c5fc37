"""What is decided about the next cycle: the proposal, the standard activity, another one, to hold, or to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from dosimetry_core.planning.protocol import Protocol

PlanDecision = Literal["proposal", "standard", "chosen", "hold", "stop"]
"""``proposal``: as computed, up to the limit; ``hold``: nothing in the next cycle; ``stop``: the treatment ends."""
PLAN_DECISIONS: Final[tuple[PlanDecision, ...]] = get_args(PlanDecision)
GIVES_NOTHING: Final[tuple[PlanDecision, ...]] = ("hold", "stop")


def decision_of(
    protocol: Protocol,
    activities_bq: Mapping[str, float],
    proposed_bq: Mapping[str, float] | None,
    *,
    ends_treatment: bool = False,
) -> PlanDecision:
    """What chosen activities of the next cycle amount to.

    Parameters
    ----------
    activities_bq
        Of the next cycle, by nuclide.
    proposed_bq
        The proposal that stood beside them; None where the proposal itself stands.
    ends_treatment
        No cycle follows at all.
    """
    if ends_treatment:
        return "stop"
    if proposed_bq is None:
        return "proposal"
    if not any(activities_bq.values()):
        return "hold"
    standard = {nuclide.name: nuclide.standard_activity_bq for nuclide in protocol.nuclides}
    if dict(activities_bq) == standard:
        return "standard"
    return "proposal" if dict(activities_bq) == dict(proposed_bq) else "chosen"
