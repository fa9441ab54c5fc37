"""How the partial-volume effect of a cycle is corrected: chosen where the calibration is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, get_args

from PySide6.QtWidgets import QFormLayout, QWidget

from app.case_edits import with_cycle
from app.session import Session
from app.steps.step import combo_box
from dosimetry_core.case import Case, PartialVolume

_CHOICES: Final[tuple[PartialVolume | None, ...]] = (None, *get_args(PartialVolume))


class PartialVolumeChoice(QWidget):
    """The choice of the current cycle; each is one undoable step.

    Without a choice nothing is computed of the cycle: there is no method that would be right for every scanner.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        words = [(choice or "not chosen").replace("-", " ") for choice in _CHOICES]
        self.choice = combo_box("partial_volume", words)
        self.choice.activated.connect(self.choose)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Partial volume", self.choice)

    def choose(self, number: int) -> None:
        """Take the choice of this number for the current cycle."""
        session, index, chosen = self._session, self._session.view_state.cycle, _CHOICES[number]
        if session.cycle is None:
            return

        def edit(case: Case) -> Case:
            cycle = case.cycles[index]
            if cycle.calibration.partial_volume == chosen:
                return case
            return with_cycle(
                case, index, replace(cycle, calibration=replace(cycle.calibration, partial_volume=chosen))
            )

        words = (chosen or "not chosen").replace("-", " ")
        session.document.apply(f"Partial volume of cycle {session.cycle.number}: {words}", edit)
        self.refresh()

    def refresh(self) -> None:
        """Show what the current cycle has."""
        cycle = self._session.cycle
        self.setEnabled(cycle is not None)
        self.choice.setCurrentIndex(0 if cycle is None else _CHOICES.index(cycle.calibration.partial_volume))
