"""Findings of a step in its inspector: hidden when there are none, high enough to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal

from app.steps.step import Section
from dosimetry_core.errors import Finding
from widgets.findings_panel import FindingsPanel

ROW_PX = 92
SHOWN_ROWS = 3


class Remarks(Section):
    """``place_requested`` carries the finding whose place the user wants to see, ``explained`` one to be explained."""

    place_requested = Signal(object)
    explained = Signal(object)

    def __init__(self, name: str, title: str = "Remarks") -> None:
        super().__init__(title)
        self.panel = FindingsPanel(object_name=name)
        self.panel.finding_clicked.connect(self.place_requested)
        self.panel.why_clicked.connect(self.explained)
        self.add(self.panel, 1)
        self.hide()

    def show_findings(
        self, findings: Sequence[Finding], acknowledged: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """Show warnings and errors, each once; plain remarks stay in the results."""
        shown = tuple(dict.fromkeys(finding for finding in findings if finding.level != "info"))
        self.panel.show_findings(shown, acknowledged)
        self.panel.setMinimumHeight(ROW_PX * min(len(shown), SHOWN_ROWS) + ROW_PX // 3)
        self.setVisible(bool(shown))
