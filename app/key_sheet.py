"""The key sheet of a step, and what the program is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.key_bindings import KeyBindings
from app.key_table import KEY_ACTS
from app.steps.step import Step, text_label
from dosimetry_core.report.words import RESEARCH_NOTICE
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

COLUMNS = 3
SCROLL_BAR, BORDER = 20, 24
_KEY_PLACE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop


class KeySheet(QDialog):
    """Keys and mouse gestures of the step in view, then those that work everywhere, as the user chose them.

    ``change_requested`` when they shall be changed.
    """

    change_requested = Signal()

    def __init__(self, step: Step, bindings: KeyBindings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("key_sheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Keys – {step.title}")
        lines: list[tuple[str, str]] = [(key.format_map(bindings.text_by_name()), text) for key, text in step.keys]
        if step.needs_time_strip:
            lines += [*bindings.view_key_lines(), *bindings.sheet_gesture_lines()]
        lines += [("Alt+1 … Alt+8", "go to a step")]
        told = " ".join(key for key, _text in step.keys)
        for act in KEY_ACTS:
            # What the step says of a key in its own words is not said a second time.
            if f"{{{act.name}}}" in told:
                continue
            if bindings.keys_of(act) and (act.reach == "window" or step.needs_time_strip):
                lines.append((bindings.text_of(act), act.text))
        column = QVBoxLayout(self)
        page = QWidget()
        grid = QGridLayout(page)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        per_column = -(-len(lines) // COLUMNS)
        for number, (key, text) in enumerate(lines):
            row, place = number % per_column, 2 * (number // per_column)
            grid.addWidget(text_label(key, role="dimmed"), row, place, _KEY_PLACE)
            grid.addWidget(text_label(text), row, place + 1, Qt.AlignmentFlag.AlignTop)
        scroll = QScrollArea()
        scroll.setObjectName("key_sheet_scroll")
        scroll.setAccessibleName("Keys and what they do")
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(scroll)
        room = parent.size()
        needed = page.sizeHint()
        scroll.setMinimumSize(
            min(needed.width() + SCROLL_BAR, room.width() - 2 * BORDER),
            min(needed.height() + SCROLL_BAR, room.height() - 4 * BORDER),
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        change = buttons.addButton("Change…", QDialogButtonBox.ButtonRole.ActionRole)
        change.setObjectName("key_sheet_change")
        change.clicked.connect(self.change_requested)
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
