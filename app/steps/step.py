"""What the eight steps have in common: a work area, an inspector beside it, keys, and a refresh from the document."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.reviews import StepKey
from app.session import Session
from widgets.calm_wheel import calm_wheel

INSPECTOR_WIDTH = 380
MARGIN = 12
SPACING = 10


def text_label(text: str = "", *, role: str = "", name: str = "", wrap: bool = False) -> QLabel:
    """A label with a role for the style sheet."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    if name:
        label.setObjectName(name)
    if wrap:
        label.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
    return label


def push_button(text: str, *, name: str, tooltip: str = "", primary: bool = False) -> QPushButton:
    """A button; the primary one stands out."""
    button = QPushButton(text)
    button.setObjectName(name)
    if tooltip:
        button.setToolTip(tooltip)
    if primary:
        button.setProperty("role", "primary")
    return button


def combo_box(name: str, items: Sequence[str]) -> QComboBox:
    """A choice that takes the room there is instead of asking for that of its longest item."""
    box = QComboBox()
    box.setObjectName(name)
    box.addItems(list(items))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    calm_wheel(box)
    return box


class Section(QFrame):
    """A card with a heading; add widgets to it with `add`."""

    def __init__(self, title: str, *, name: str = "", actions: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.setProperty("role", "card")
        if name:
            self.setObjectName(name)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        self._column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(6)
        self.heading = text_label(title, role="heading")
        head.addWidget(self.heading)
        head.addStretch(1)
        for action in actions:
            head.addWidget(action)
        self._column.addLayout(head)
        # Only now, as a part of the card: shown before it would be a window of its own for a moment.
        self.heading.setVisible(bool(title) or bool(actions))

    def narrow(self) -> None:
        """Less room above and below, where every line counts on a small screen."""
        self._column.setContentsMargins(MARGIN, SPACING // 2, MARGIN, SPACING // 2)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Append a widget below."""
        self._column.addWidget(widget, stretch)

    def add_row(self, *widgets: QWidget) -> None:
        """Append widgets side by side, the last one followed by empty space."""
        row = QHBoxLayout()
        row.setSpacing(6)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        self._column.addLayout(row)


class _AsHighAsItsTexts(QWidget):
    """Asks for the height of its texts at its width; that at the least width would be too much."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt override
        """The width alone."""
        return QSize(super().minimumSizeHint().width(), 0)


class ScrolledGrid(QScrollArea):
    """A table that scrolls when it does not fit, on the card's own background.

    ``fits`` lets it ask for the height of its content and take no more.
    """

    def __init__(self, content: QWidget, *, fits: bool = False) -> None:
        super().__init__()
        self._content = content
        self._fits = fits
        if fits:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
            content.installEventFilter(self)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        holder = _AsHighAsItsTexts() if fits else QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(content)
        column.addStretch(1)
        self.setWidget(holder)
        holder.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Ask for another height when the content wants one."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:  # noqa: N802 Qt override
        """Room for all of the content; at its width, where that is known and the content's texts wrap."""
        hint = self._content.sizeHint() + QSize(2, 2 * SPACING)
        width = self.viewport().width()
        if self._fits and self._content.hasHeightForWidth() and width >= self._content.minimumSizeHint().width():
            hint.setHeight(self._content.heightForWidth(width) + SPACING)
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """At another width texts wrap otherwise."""
        super().resizeEvent(event)
        if self._fits and event.size().width() != event.oldSize().width():
            self.updateGeometry()


class ScrolledColumn(QScrollArea):
    """Sections below one another that share the height there is, and scroll where it is less than they need."""

    def __init__(self, name: str, *, least_width: int = 0) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        content = QWidget()
        content.setObjectName(f"{name}_content")
        content.setMinimumWidth(least_width)
        self._least_width = least_width
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self.setWidget(content)
        content.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        content.installEventFilter(self)

    def add(self, section: QWidget, stretch: int = 0) -> None:
        """Append a section."""
        self._column.addWidget(section, stretch)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Ask for another width when a section wants one."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt override
        """As wide as the widest section, with the scroll bar beside it."""
        bar = self.verticalScrollBar().sizeHint().width()
        width = max(self._column.minimumSize().width(), self._least_width)
        return QSize(width + bar, super().minimumSizeHint().height())


class Inspector(QScrollArea):
    """The column beside the work area: sections, scrolled when they don't fit, below what is pinned.

    ``clicked`` comes when a click on it, or on a button that does not take the keyboard, took the keyboard to it.
    """

    clicked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._pinned: QWidget | None = None
        self.setObjectName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        content.setObjectName(f"{name}_content")
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(SPACING)
        self._column.addStretch(1)
        self.setWidget(content)
        content.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def pin(self, *widgets: QWidget) -> None:
        """Put widgets above the sections, where they stay while the sections are scrolled."""
        self._pinned = QWidget(self)
        self._pinned.setObjectName(f"{self.objectName()}_pinned")
        column = QVBoxLayout(self._pinned)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        for widget in widgets:
            column.addWidget(widget)
        self._pinned.installEventFilter(self)
        self._place_pinned()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """What is pinned wants another height."""
        if watched is self._pinned and event.type() == QEvent.Type.LayoutRequest:
            self._place_pinned()
        return super().eventFilter(watched, event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 Qt override
        """A click leaves the keyboard here; what was typed in a field is taken by then."""
        super().focusInEvent(event)
        if event.reason() == Qt.FocusReason.MouseFocusReason:
            self.clicked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """What is pinned keeps as wide as the sections."""
        super().resizeEvent(event)
        self._place_pinned()

    def _place_pinned(self) -> None:
        if self._pinned is None:
            return
        width = self.viewport().width() - 6
        layout = self._pinned.layout()
        assert layout is not None
        height = max(layout.heightForWidth(width), self._pinned.sizeHint().height())
        self.setViewportMargins(0, height + SPACING // 2, 0, 0)
        self._pinned.setGeometry(0, 0, width, height)

    def add(self, widget: QWidget) -> None:
        """Append a section."""
        self._column.insertWidget(self._column.count() - 1, widget)


class Step(QWidget):
    """One of the eight steps: this widget is its work area, ``inspector`` stands beside it.

    Subclasses set ``key`` and ``title``, build their views in ``__init__`` and show the session in `refresh`. A step is
    refreshed only while it is visible; ``needs_time_strip`` says whether the scans of the cycle stand below it.
    """

    key: StepKey
    title: str
    needs_time_strip = False
    has_inspector = True
    """Whether there is anything beside it."""
    keys: tuple[tuple[str, str], ...] = ()
    """Lines of this step's key sheet: key, what it does; ``{undo}`` stands for the keys of that act as they are set."""

    probed = Signal(str)
    """Text for the probe in the status bar."""
    told = Signal(str)
    """Text for the message line."""
    step_requested = Signal(str)
    """Go to another step."""
    place_requested = Signal(object)
    """Go to what a finding is about."""
    explained = Signal(object)
    """Explain a finding."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setObjectName(f"work_{self.key}")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.inspector = Inspector(f"inspector_{self.key}")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACING)

    def add_remarks(self, remarks: QWidget) -> None:
        """Append a list of findings to the inspector and pass on its wishes."""
        for name in ("place_requested", "explained"):
            getattr(remarks, name).connect(getattr(self, name))
        self.inspector.add(remarks)

    def refresh(self) -> None:
        """Show the session as it is now."""
        raise NotImplementedError

    def tell(self, words: str) -> None:
        """Say why something wasn't done, in the message line."""
        self.told.emit(words)

    def holds_back(self) -> bool:
        """Whether something stands in the way of confirming the step; says what, and goes there."""
        return False

    def summary(self) -> str:
        """One line beside the title."""
        return ""

    def refresh_live(self) -> None:
        """Show other results of what is shown already, also while a gesture is in progress; by default everything."""
        self.refresh()

    def entered(self) -> None:
        """The step became visible."""

    def left(self) -> None:
        """The step is no longer visible."""
