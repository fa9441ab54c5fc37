"""A text of numbered lines, of which some are marked as faulty."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontDatabase, QPainter, QPaintEvent, QResizeEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from widgets.theme import colour, shades

_GAP = 6


class NumberedText(QPlainTextEdit):
    """Plain text with line numbers; `set_faulty` marks lines, `go_to_line` puts the cursor there."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self._faulty: frozenset[int] = frozenset()
        self._margin = _Margin(self)
        self.blockCountChanged.connect(lambda _count: self._make_room())
        self.updateRequest.connect(self._follow)
        self._make_room()

    @property
    def faulty_lines(self) -> frozenset[int]:
        """Lines that are marked, from 1."""
        return self._faulty

    def set_faulty(self, lines: Collection[int]) -> None:
        """Mark lines, counted from 1."""
        self._faulty = frozenset(lines)
        marks = []
        for line in sorted(self._faulty):
            block = self.document().findBlockByNumber(line - 1)
            if block.isValid():
                mark = QTextEdit.ExtraSelection()
                mark.cursor = QTextCursor(block)
                mark.format.setBackground(colour(shades().error, 0.28))
                mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
                marks.append(mark)
        self.setExtraSelections(marks)
        self._margin.update()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self.set_faulty(self._faulty)

    def go_to_line(self, line: int) -> None:
        """Put the cursor at the beginning of a line, counted from 1, and show it."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            self.setTextCursor(QTextCursor(block))
            self.centerCursor()
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def margin_width(self) -> int:
        """Room for the numbers."""
        return 2 * _GAP + self.fontMetrics().horizontalAdvance("9") * max(2, len(str(self.blockCount())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the numbers beside the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), self.margin_width(), inside.height()))

    def paint_numbers(self, event: QPaintEvent) -> None:
        """Paint the number of each line in view."""
        painter = QPainter(self._margin)
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        place = self.blockBoundingGeometry(block).translated(self.contentOffset())
        while block.isValid() and place.top() <= event.rect().bottom():
            number = block.blockNumber() + 1
            painter.setPen(colour(shades().error if number in self._faulty else shades().dimmed))
            row = QRect(0, int(place.top()), self._margin.width() - _GAP, self.fontMetrics().height())
            painter.drawText(row, Qt.AlignmentFlag.AlignRight, str(number))
            block = block.next()
            place = self.blockBoundingGeometry(block).translated(self.contentOffset())
        painter.end()

    def _make_room(self) -> None:
        self.setViewportMargins(self.margin_width(), 0, 0, 0)

    def _follow(self, rect: QRect, by: int) -> None:
        if by:
            self._margin.scroll(0, by)
        else:
            self._margin.update(0, rect.y(), self._margin.width(), rect.height())


class _Margin(QWidget):
    """Where the numbers stand."""

    def __init__(self, text: NumberedText) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.margin_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_numbers(event)
