"""Tabs above a long column of sections: each goes to its section, and the one in view is marked."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSignalBlocker
from PySide6.QtWidgets import QScrollArea, QTabBar, QWidget

_NEAR_PX = 40
"""A section that begins no further below the upper edge is the one in view."""


class SectionTabs(QTabBar):
    """Nothing is hidden by the tabs: the column can be scrolled as ever."""

    def __init__(self, column: QScrollArea, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("Sections")
        self.setDrawBase(False)
        self.setExpanding(False)
        self._column = column
        self._sections: list[QWidget] = []
        self.currentChanged.connect(self._go_to)
        self.tabBarClicked.connect(self._go_to)
        column.verticalScrollBar().valueChanged.connect(lambda _value: self._mark())

    def add(self, words: str, section: QWidget) -> None:
        """A tab for a section of the column, in the order of the column."""
        with QSignalBlocker(self):
            self._sections.append(section)
            self.addTab(words)

    def _top(self, section: QWidget) -> int:
        content = self._column.widget()
        return section.mapTo(content, QPoint(0, 0)).y() if content is not None else 0

    def _go_to(self, index: int) -> None:
        if 0 <= index < len(self._sections):
            self._column.verticalScrollBar().setValue(self._top(self._sections[index]))
            with QSignalBlocker(self):
                self.setCurrentIndex(index)

    def _mark(self) -> None:
        """Mark the section at the top of what is in view; at the lower end the last one."""
        bar = self._column.verticalScrollBar()
        above = [n for n, section in enumerate(self._sections) if self._top(section) <= bar.value() + _NEAR_PX]
        at_end = bar.value() == bar.maximum() > 0
        index = len(self._sections) - 1 if at_end else max(above, default=0)
        with QSignalBlocker(self):
            self.setCurrentIndex(index)
