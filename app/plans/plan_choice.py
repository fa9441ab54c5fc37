"""The activities the physicist chose for the next cycle, instead of the proposal; and the results as chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.permission import Permission
from app.plans.chosen_plan import is_open_to_choice, planned_as_chosen, with_plan

if TYPE_CHECKING:
    from dosimetry_core.evaluation import Evaluation


class PlanChoice(QObject):
    """Chosen activities by nuclide in Bq, or None for the proposal; and whether the treatment ends instead.

    ``changed`` comes whenever they do, ``chosen`` before it when the user chose them.
    """

    changed = Signal()
    chosen = Signal()

    def __init__(self, parent: QObject | None = None, *, permission: Permission | None = None) -> None:
        super().__init__(parent)
        self._permission = permission or Permission(self)
        self._activities_bq: dict[str, float] | None = None
        self._ends = False
        self._made: tuple[Evaluation, tuple[dict[str, float], bool], Evaluation] | None = None

    @property
    def activities_bq(self) -> dict[str, float] | None:
        """A copy of the chosen activities; None while the proposal stands."""
        return None if self._activities_bq is None else dict(self._activities_bq)

    @property
    def ends_treatment(self) -> bool:
        """Whether it was decided that no cycle follows."""
        return self._ends

    def choose(self, activities_bq: Mapping[str, float] | None, *, ends_treatment: bool = False) -> None:
        """Choose other activities, or the proposal again with None; or that the treatment ends (activities of 0)."""
        if (None if activities_bq is None else dict(activities_bq), ends_treatment) == (
            self._activities_bq,
            self._ends,
        ):
            return
        if self._permission.asked():
            self._take(activities_bq, ends_treatment)
            self.chosen.emit()
        self.changed.emit()

    def restore(self, activities_bq: Mapping[str, float] | None, *, ends_treatment: bool = False) -> None:
        """What was chosen before, in place of this; it doesn't count as a choice made now."""
        self._take(activities_bq, ends_treatment)
        self.changed.emit()

    def _take(self, activities_bq: Mapping[str, float] | None, ends_treatment: bool) -> None:
        self._activities_bq = None if activities_bq is None else dict(activities_bq)
        self._ends = ends_treatment

    def applied_to(self, evaluation: Evaluation) -> Evaluation:
        """The results with the plan as chosen; the very same results while the proposal stands."""
        chosen = self._activities_bq
        if chosen is None or not is_open_to_choice(evaluation.plan, chosen):
            return evaluation
        if self._made is not None and self._made[0] is evaluation and self._made[1] == (chosen, self._ends):
            return self._made[2]
        made = with_plan(evaluation, planned_as_chosen(evaluation, chosen, ends_treatment=self._ends))
        self._made = (evaluation, (dict(chosen), self._ends), made)
        return made
