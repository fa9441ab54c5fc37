"""The room for the next cycle as the plan screen plots it; worked out once for each state of the results."""

from __future__ import annotations

from collections.abc import Mapping

from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline.alternatives import planning_basis, risk_by_activity
from dosimetry_core.planning.certainty import CERTAINTIES
from dosimetry_core.planning.feasible_region import feasible_region
from dosimetry_core.planning.forecast import CourseBasis
from dosimetry_core.report.words import in_words, nuclide_symbol
from dosimetry_core.units import PERCENT
from widgets.plan_room import AreaShown, RegionShown, RiskShown

REGION_NOTE = "Press in the plot to choose. Areas: every limit kept, each with the probability written beside it."
RISK_NOTE = "Press in the plot to choose. Dashed: the probability that has to be acknowledged."
_RISK_STEPS = 60


class PlanRoom:
    """Remembers the areas and lines of the last results: only the chosen point moves with the slider."""

    def __init__(self) -> None:
        self._evaluation: Evaluation | None = None
        self._basis: CourseBasis | None = None
        self._areas: tuple[AreaShown, ...] = ()
        self._risk: tuple[tuple[float, ...], tuple[tuple[str, tuple[float, ...]], ...]] | None = None

    def shown(
        self, proposed: Evaluation, chosen_bq: Mapping[str, float], *, highest_bq: float, stale: bool
    ) -> tuple[RegionShown | RiskShown | None, str]:
        """The plot and the sentence of its tooltip; None where nothing can be planned.

        Parameters
        ----------
        proposed
            Results with the proposal.
        chosen_bq
            Activities of the plan, by nuclide.
        highest_bq
            Where the risk along one nuclide ends.
        """
        if proposed is not self._evaluation:
            self._evaluation, self._basis = proposed, planning_basis(proposed)
            self._areas, self._risk = (), None
        basis = self._basis
        if basis is None or not basis.applicable_limits or proposed.plan.stop:
            return None, ""
        nuclides = proposed.protocol.nuclides
        free = proposed.protocol.free_nuclide
        if len(nuclides) == 2:
            if not self._areas:
                self._areas = _areas(basis)
            pair = (nuclides[0].name, nuclides[1].name)
            point = (chosen_bq.get(pair[0], 0.0), chosen_bq.get(pair[1], 0.0))
            titles = (nuclide_symbol(pair[0]), nuclide_symbol(pair[1]))
            axis = None if free is None else pair.index(free.name)
            return RegionShown(titles, self._areas, point, axis, stale), REGION_NOTE
        if free is None:
            return None, ""
        if self._risk is None:
            activities = tuple(highest_bq * step / _RISK_STEPS for step in range(_RISK_STEPS + 1))
            others = {name: activity for name, activity in chosen_bq.items() if name != free.name}
            risks = risk_by_activity(basis, free.name, others, activities)
            self._risk = (activities, tuple((in_words(key), risk) for key, risk in risks.items()))
        activities, lines = self._risk
        if not lines:
            return None, ""
        chosen = chosen_bq.get(free.name, 0.0)
        warn = proposed.protocol.warn_above_probability
        return RiskShown(nuclide_symbol(free.name), activities, lines, chosen, warn, stale), RISK_NOTE


def _areas(basis: CourseBasis) -> tuple[AreaShown, ...]:
    """One area for each certainty that can be planned for, the largest first."""
    areas = []
    for certainty in CERTAINTIES:
        try:
            region = feasible_region(basis, certainty=certainty)
        except ValueError:
            # Without an uncertainty only 50 % has a meaning.
            break
        areas.append(AreaShown(PERCENT.text(certainty, digits=0), region.vertices_bq))
    return tuple(areas)
