from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from app.document import Document
from app.history_panel import HistoryList
from tests.app.small_values import case

LONG = "Add an ellipsoid of 42 × 31 × 25 mm: Lesion of the left upper mediastinum, cycle 1"


def test_that_a_long_step_stays_in_the_list_and_is_whole_in_its_tooltip(qtbot) -> None:
    document = Document(case())
    steps = HistoryList(document)
    qtbot.addWidget(steps)
    steps.resize(200, 150)
    steps.show()
    document.apply(LONG, lambda before: replace(before, patient=replace(before.patient, weight_kg=70.5)))
    index = steps.model().index(1, 0)
    qtbot.waitUntil(lambda: steps.visualRect(index).isValid())
    assert steps.visualRect(index).right() <= steps.viewport().width()
    assert not steps.horizontalScrollBar().isVisible()
    assert str(index.data(Qt.ItemDataRole.ToolTipRole)).startswith(LONG)
