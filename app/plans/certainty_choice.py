"""One button for each certainty: the activity that keeps every limit with it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.steps.step import push_button, text_label
from dosimetry_core.planning.certainty import CERTAINTIES, CertainActivity
from dosimetry_core.report.words import limiting_words
from dosimetry_core.units import GIGABECQUEREL, PERCENT
from widgets.flow_layout import FlowLayout

_SAME = 1e-9


class CertaintyChoice(QWidget):
    """50, 80, 90 or 95 %: ``chosen`` carries the activity of the free nuclide in Bq.

    50 % is the proposal, which looks at no uncertainty. A certainty that can't be had, or for which no uncertainty is
    known, has no button that acts; its tooltip says why.
    """

    chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("plan_certainty")
        row = FlowLayout(self)
        row.addWidget(text_label("Keep limits (GBq)", role="dimmed", name="plan_certainty_title"))
        self.buttons: dict[float, QPushButton] = {}
        self._activities: dict[float, float] = {}
        for certainty in CERTAINTIES:
            button = push_button("", name=f"plan_certainty_{certainty * 100:.0f}")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, asked=certainty: self._choose(asked))
            self.buttons[certainty] = button
            row.addWidget(button)

    def show_choices(self, choices: Sequence[CertainActivity], planned_bq: float | None) -> None:
        """What each certainty allows; the button of the planned activity is pressed in. Hidden without any choice."""
        by_certainty = {choice.certainty: choice for choice in choices}
        self._activities = {c.certainty: c.activity_bq for c in choices if c.activity_bq is not None}
        self.setVisible(bool(choices))
        for certainty, button in self.buttons.items():
            choice, percent = by_certainty.get(certainty), PERCENT.text(certainty, digits=0)
            allowed = self._activities.get(certainty)
            button.setEnabled(allowed is not None)
            button.setChecked(
                allowed is not None
                and planned_bq is not None
                and math.isclose(allowed, planned_bq, rel_tol=_SAME, abs_tol=_SAME)
            )
            if choice is None:
                button.setText(f"{percent}: –")
                button.setToolTip("an uncertainty that a limit needs is not known")
            elif allowed is None:
                button.setText(f"{percent}: none")
                button.setToolTip(
                    f"{limiting_words(choice.limiting)} is not kept that surely, even without the free nuclide"
                )
            else:
                button.setText(f"{percent}: {GIGABECQUEREL.text(allowed, with_symbol=False)}")
                button.setToolTip(
                    f"keeps each limit with a probability of {percent}; {limiting_words(choice.limiting)} allows least"
                )

    def _choose(self, certainty: float) -> None:
        self.chosen.emit(self._activities[certainty])
