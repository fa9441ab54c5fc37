"""Parts of the store window: the page that fits its texts, the doctor's lines, the department's settings."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.operations.doctor_report import DoctorLine, State
from app.operations.site_configuration import BUILT_IN, SiteConfiguration
from app.steps.step import Section, push_button, text_label
from widgets.elided_label import ElidedLabel

_PERCENT = 100
_SIGNS: dict[State, tuple[str, str]] = {"well": ("✓", "good"), "notice": ("!", "warning"), "problem": ("✕", "error")}
_ELIDE_MIDDLE = Qt.TextElideMode.ElideMiddle


class FittedPage(QScrollArea):
    """Scrolls a page that is as wide as the window and as high as its wrapped texts need at that width, no higher."""

    def __init__(self, page: QWidget, column: QVBoxLayout) -> None:
        super().__init__()
        self._page, self._column = page, column
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        page.installEventFilter(self)
        # Nested layouts settle one after another; the height is taken when they have.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(0)
        self._settled.timeout.connect(self._fit)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Fit anew when the content wants another height."""
        if watched is self._page and event.type() == QEvent.Type.LayoutRequest:
            self._settled.start()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """Fit to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.viewport().width()
        self._page.resize(width, max(self._column.totalHeightForWidth(width), self.viewport().height()))


def breakable(text: str) -> str:
    """The text with places where a long path or digest may go on in the next line."""
    for sign in "/\\_":
        text = text.replace(sign, f"{sign}\u200b")
    return " ".join(_cut(word) for word in text.split(" "))


def _cut(word: str, longest: int = 32) -> str:
    parts = word.split("\u200b")
    return "\u200b".join(
        "\u200b".join(part[place : place + longest] for place in range(0, max(len(part), 1), longest)) for part in parts
    )


def progress_row(name: str) -> tuple[QProgressBar, QPushButton, QWidget]:
    """A progress bar with a cancel button; hidden."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    bar = QProgressBar()
    bar.setObjectName(f"{name}_progress")
    bar.setRange(0, _PERCENT)
    bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    cancel = push_button("Cancel", name=f"{name}_cancel")
    line.addWidget(bar)
    line.addWidget(cancel)
    row.hide()
    return bar, cancel, row


def show_progress(bar: QProgressBar, fraction: float, text: str) -> None:
    """Fraction and what is being done."""
    bar.setValue(round(_PERCENT * fraction))
    bar.setFormat(f"{text}  %p %" if text else "%p %")


class ReportLines(QWidget):
    """What the doctor found, one line each: sign, subject, words with the remedy below."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("store_lines")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)

    def show_lines(self, lines: Sequence[DoctorLine]) -> None:
        """Show these lines instead of those before."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, line in enumerate(lines):
            self._add(row, line)

    def _add(self, row: int, line: DoctorLine) -> None:
        sign, role = _SIGNS[line.state]
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(text_label(sign, role=role), row, 0, top)
        self._grid.addWidget(text_label(line.subject, role="dimmed"), row, 1, top)
        words = text_label(breakable(f"{line.text}\n→ {line.remedy}" if line.remedy else line.text), wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if line.state == "problem":
            words.setProperty("role", "error")
        self._grid.addWidget(words, row, 2, top)


def site_section(configuration: SiteConfiguration) -> Section:
    """Every setting of the department with its origin."""
    section = Section("Site configuration", name="store_site_section")
    where = str(configuration.file) if configuration.file is not None else "There is no file of this department."
    section.add(ElidedLabel(where, object_name="store_site_file", role="dimmed", mode=_ELIDE_MIDDLE))
    table = QWidget()
    table.setObjectName("store_site")
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, (key, value) in enumerate(configuration.values().items()):
        shown = "not set" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
        source = configuration.source(key)
        file = str(configuration.file)
        origin = source if source == BUILT_IN else source.removeprefix(file).lstrip(", ") or "the file"
        grid.addWidget(text_label(key, role="dimmed"), row, 0)
        grid.addWidget(ElidedLabel(shown, mode=_ELIDE_MIDDLE), row, 1)
        grid.addWidget(text_label(origin, role="dimmed"), row, 2)
    section.add(table)
    return section
