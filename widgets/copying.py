"""What Ctrl+C takes: marked text or the table with the keyboard, else the plot under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QPlainTextEdit, QTextEdit, QWidget

from widgets.table_text import view_text

if TYPE_CHECKING:
    from widgets.plot import Plot


def copy_what_is_meant() -> str:
    """Copy it; what was copied in words, empty if there is neither text or a table with the keyboard nor a plot."""
    focus = QApplication.focusWidget()
    if marked := marked_text(focus):
        QGuiApplication.clipboard().setText(marked)
        return "Copied the marked text"
    text = table_text(focus)
    if text is not None:
        QGuiApplication.clipboard().setText(text)
        return f"Copied {max(len(text.splitlines()) - 1, 0)} rows"
    plot = plot_at(QCursor.pos())
    if plot is None:
        return ""
    from widgets.plot_saving import clipboard_content

    QGuiApplication.clipboard().setMimeData(clipboard_content(plot))
    return "Copied the plot and its numbers"


def marked_text(focus: QWidget | None) -> str:
    """What is marked in a text that is read only: such texts leave Ctrl+C to their window."""
    if isinstance(focus, QLabel):
        return focus.selectedText()
    if isinstance(focus, QPlainTextEdit | QTextEdit):
        return focus.textCursor().selection().toPlainText()
    return ""


def table_text(focus: QWidget | None) -> str | None:
    """The table that has the keyboard, as text; None where no table has it."""
    widget = focus
    while widget is not None:
        own = getattr(widget, "copy_text", None)
        if callable(own):
            return str(own())
        if isinstance(widget, QAbstractItemView):
            return view_text(widget)
        widget = widget.parentWidget()
    return None


def plot_at(place: QPoint) -> Plot | None:
    """The plot under a point of the screen: one of those in the widget there, to which they let the mouse pass."""
    under = QApplication.widgetAt(place)
    if under is None:
        return None
    from widgets.plot import Plot

    plots = [under, *under.findChildren(Plot)]
    found = [plot for plot in plots if isinstance(plot, Plot) and plot.isVisible()]
    return next((plot for plot in found if plot.rect().contains(plot.mapFromGlobal(place))), None)


def copy_by_keyboard(window: QWidget) -> None:
    """Ctrl+C in a window of its own takes what it takes in the main window; a table by itself takes one cell."""
    shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), window)
    shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.activated.connect(copy_what_is_meant)
