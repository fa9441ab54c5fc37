"""Rendered pages of a document: zoom, next and previous page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from widgets.theme import label

_ZOOM_STEP = 1.25
_SMALLEST, _LARGEST = 0.2, 4.0
_MARGIN = 14


class PageView(QWidget):
    """One page at a time on a dark ground. Ctrl + wheel zooms, PgUp and PgDn turn pages."""

    page_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page_view")
        self._pages: tuple[QImage, ...] = ()
        self._page = 0
        self._zoom: float | None = None
        self._sheet = _Sheet()
        self._sheet.setObjectName("page_sheet")
        self._scroll = QScrollArea()
        self._scroll.setObjectName("page_scroll")
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._scroll.setWidget(self._sheet)
        self._scroll.viewport().installEventFilter(self)
        self._message = QLabel("")
        self._message.setObjectName("page_message")
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._message.setProperty("role", "dimmed")
        self._number = label("", object_name="page_number")
        self._buttons: dict[str, QToolButton] = {}
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        for name, text, tip, act in (
            ("page_previous", "‹", "Previous page (PgUp)", lambda: self._turn(-1)),
            ("page_next", "›", "Next page (PgDn)", lambda: self._turn(1)),
            ("page_zoom_out", "−", "Smaller (Ctrl+−)", self.zoom_out),
            ("page_zoom_in", "+", "Larger (Ctrl++)", self.zoom_in),
            ("page_fit", "Fit", "Whole page (Ctrl+0)", self.fit_page),
        ):
            button = QToolButton()
            button.setObjectName(name)
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(act)
            self._buttons[name] = button
            bar.addWidget(button)
            if name == "page_previous":
                bar.addWidget(self._number)
            if name == "page_next":
                bar.addSpacing(12)
        bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(bar)
        layout.addWidget(self._message)
        layout.addWidget(self._scroll, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._refresh()

    @property
    def page(self) -> int:
        """Number of the page shown, from 0."""
        return self._page

    @property
    def page_count(self) -> int:
        """Number of pages."""
        return len(self._pages)

    def show_pages(self, pages: Sequence[QImage]) -> None:
        """Pages of a document; the page number stays where it can. Silent."""
        self._pages = tuple(pages)
        self._page = min(self._page, max(len(self._pages) - 1, 0))
        self._refresh()

    def set_message(self, text: str) -> None:
        """A sentence above the page, for example why there is none."""
        self._message.setText(text)
        self._refresh()

    def set_page(self, page: int) -> None:
        """Turn to a page, from 0. Silent."""
        if self._pages and not 0 <= page < len(self._pages):
            raise ValueError(f"there is no page {page}")
        self._page = page
        self._refresh()
        self._scroll.verticalScrollBar().setValue(0)

    def zoom_in(self) -> None:
        """Larger."""
        self._set_zoom(self._present_zoom() * _ZOOM_STEP)

    def zoom_out(self) -> None:
        """Smaller."""
        self._set_zoom(self._present_zoom() / _ZOOM_STEP)

    def fit_page(self) -> None:
        """The whole page in the window."""
        self._zoom = None
        self._refresh()

    def _turn(self, by: int) -> None:
        page = min(max(self._page + by, 0), max(len(self._pages) - 1, 0))
        if page != self._page:
            self.set_page(page)
            self.page_changed.emit(page)

    def _set_zoom(self, zoom: float) -> None:
        self._zoom = min(max(zoom, _SMALLEST), _LARGEST)
        self._refresh()

    def _present_zoom(self) -> float:
        """Logical pixels per page pixel."""
        if self._zoom is not None or not self._pages:
            return self._zoom or 1.0
        room, page = self._scroll.viewport().size(), self._pages[self._page]
        return max(
            min((room.width() - 2 * _MARGIN) / page.width(), (room.height() - 2 * _MARGIN) / page.height()), 0.05
        )

    def _refresh(self) -> None:
        has_pages = bool(self._pages)
        self._message.setVisible(bool(self._message.text()))
        self._scroll.setVisible(True)
        self._number.setText(f"{self._page + 1} / {len(self._pages)}" if has_pages else "– / –")
        for name, button in self._buttons.items():
            button.setEnabled(has_pages)
            if name == "page_previous":
                button.setEnabled(has_pages and self._page > 0)
            if name == "page_next":
                button.setEnabled(has_pages and self._page < len(self._pages) - 1)
        self._sheet.show_page(self._pages[self._page] if has_pages else None, self._present_zoom())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page is fitted anew when the room changes; Ctrl + wheel zooms."""
        if event.type() == QEvent.Type.Resize and self._zoom is None:
            self._refresh()
        if isinstance(event, QWheelEvent) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.angleDelta().y() > 0:
                self.zoom_in()
            else:
                self.zoom_out()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """PgUp and PgDn turn pages; Ctrl with +, − and 0 zooms."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        acts = {Qt.Key.Key_Plus: self.zoom_in, Qt.Key.Key_Minus: self.zoom_out, Qt.Key.Key_0: self.fit_page}
        if event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._turn(1 if event.key() == Qt.Key.Key_PageDown else -1)
        elif control and event.key() in acts:
            acts[Qt.Key(event.key())]()
        else:
            super().keyPressEvent(event)


class _Sheet(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._page: QImage | None = None

    def show_page(self, page: QImage | None, zoom: float) -> None:
        self._page = page
        size = QSize(1, 1) if page is None else page.size() * zoom
        self.setFixedSize(size + QSize(2 * _MARGIN, 2 * _MARGIN))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._page is None:
            return
        painter = QPainter(self)
        try:
            place = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            painter.setPen(Qt.PenStyle.NoPen)
            for spread in (6, 4, 2):
                painter.setBrush(QColor(0, 0, 0, 40))
                painter.drawRoundedRect(place.adjusted(-spread, -spread + 2, spread, spread + 2), 4, 4)
            # Reduced in one good step: the painter's own smoothing skips lines of text at less than half size.
            pixels = (place.size() * self.devicePixelRatioF()).toSize()
            scaled = self._page.scaled(
                pixels, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            painter.drawImage(place, scaled)
        finally:
            painter.end()
