"""The key sheet of a step, and what the program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from app.key_table import KEY_ACTS
from app.steps.step import Step, text_label
from dosimetry_core.report.words import RESEARCH_NOTICE
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

LINES_PER_COLUMN = 16

# What the mouse does in the image views (widgets/slice_view.py).
MOUSE_LINES: tuple[tuple[str, str], ...] = (
    ("Wheel", "slice"),
    ("Ctrl + wheel", "zoom at the pointer"),
    ("Shift + wheel", "brush size, or time point"),
    ("Left", "tool, or linked cursor"),
    ("Right drag", "window and level"),
    ("Middle drag", "pan"),
    ("Double click", "maximise or restore"),
)


class KeySheet(QDialog):
    """Keys and mouse gestures of the step in view, then those that work everywhere."""

    def __init__(self, step: Step, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("key_sheet")
        self.setWindowTitle(f"Keys – {step.title}")
        lines: list[tuple[str, str]] = list(step.keys)
        if step.needs_time_strip:
            lines += MOUSE_LINES
        lines += [("Alt+1 … Alt+8", "go to a step")]
        for act in KEY_ACTS:
            if act.keys and (act.reach == "window" or step.needs_time_strip):
                native = QKeySequence.SequenceFormat.NativeText
                lines.append((" or ".join(QKeySequence(key).toString(native) for key in act.keys[:2]), act.text))
        column = QVBoxLayout(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        for number, (key, text) in enumerate(lines):
            row, place = number % LINES_PER_COLUMN, 2 * (number // LINES_PER_COLUMN)
            grid.addWidget(text_label(key, role="number"), row, place, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(text_label(text), row, place + 1)
        column.addLayout(grid)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)


class AboutDialog(QDialog):
    """Name, version, intended use."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle(f"About {SOFTWARE_NAME}")
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(text_label(f"{SOFTWARE_NAME} {SOFTWARE_VERSION}", role="heading"))
        column.addWidget(text_label(RESEARCH_NOTICE, wrap=True))
        column.addWidget(
            text_label(
                "Plans dosimetry-guided therapy with ¹⁷⁷Lu, alone or with ⁹⁰Y, from quantitative SPECT/CT.",
                role="dimmed",
                wrap=True,
            )
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(460)
