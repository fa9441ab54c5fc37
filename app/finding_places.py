"""What a finding is about, and its explanation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.reviews import StepKey
from app.steps.step import text_label
from dosimetry_core.case import Case
from dosimetry_core.errors import Finding

_LEVEL_WORDS = {
    "info": "A remark; it changes nothing.",
    "warning": "A warning: the result can be used, but somebody should have thought about it.",
    "error": "An error: the plan can't be signed until it is mended, or a reason is given that prints on page 1.",
}


@dataclass(frozen=True)
class Place:
    """Where to go: indices into the case, the VOI's identity, the step."""

    cycle: int | None = None
    time_point: int | None = None
    voi_id: str | None = None
    step: StepKey | None = None


def place_of(finding: Finding, case: Case) -> Place:
    """Where a finding's place (``"cycle 1, Kidney L"``) is in the case."""
    numbered = re.search(r"\bcycle (\d+)", finding.place)
    index = next((i for i, c in enumerate(case.cycles) if numbered and c.number == int(numbered[1])), None)
    scan = re.search(r"\btime point (\d+)", finding.place)
    time_point = int(scan[1]) - 1 if scan else None
    if index is None:
        return Place(step="plan" if not finding.place else None)
    cycle = case.cycles[index]
    if time_point is not None and time_point >= len(cycle.time_points):
        time_point = None
    parts = [part.strip() for part in finding.place.split(",")]
    voi = next((voi for voi in cycle.vois if voi.name in parts), None)
    step: StepKey | None = None
    if voi is not None:
        step = "curves"
    elif time_point is not None:
        step = "align" if "regist" in finding.code or "frame" in finding.code else "import"
    elif "marrow" in finding.place or "marrow" in finding.code:
        step = "dose"
    elif "laboratory" in finding.place:
        step = "course"
    return Place(index, time_point, voi.voi_id if voi is not None else None, step)


class FindingDialog(QDialog):
    """The whole text of a finding, what its level means, and its code as the command line takes it."""

    def __init__(self, finding: Finding, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("finding_dialog")
        self.setWindowTitle("Why?")
        column = QVBoxLayout(self)
        column.setSpacing(10)
        if finding.place:
            column.addWidget(text_label(finding.place, role="dimmed", wrap=True))
        column.addWidget(text_label(finding.text, role="heading", wrap=True))
        column.addWidget(text_label(_LEVEL_WORDS[finding.level], wrap=True))
        column.addWidget(text_label(f"Code: {finding.code}", role="dimmed", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(480)
