"""The menu of a plot: copy it, save its picture, save its numbers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from widgets.plot import Plot
from widgets.plot_saving import FORMATS, clipboard_content, save_picture

_FILTERS = ";;".join(f"{kind.upper()} (*.{kind})" for kind in FORMATS)


class PlotMenu(QObject):
    """Opens where the view around a plot is asked for a menu over the plot.

    A view with a menu of its own at some places says so by a method ``has_own_menu_at(position)``.
    """

    def __init__(self, plot: Plot, view: QWidget) -> None:
        super().__init__(plot)
        self._plot, self._view = plot, view
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the question for a menu over the plot."""
        if isinstance(event, QContextMenuEvent) and watched is self._view and self._is_over(event):
            self.menu().popup(event.globalPos())
            return True
        return False

    def _is_over(self, event: QContextMenuEvent) -> bool:
        own = getattr(self._view, "has_own_menu_at", None)
        if callable(own) and own(event.pos()):
            return False
        return bool(self._plot.isVisible()) and self._plot.rect().contains(self._plot.mapFromGlobal(event.globalPos()))

    def menu(self) -> QMenu:
        """The acts on this plot; it goes when it is closed."""
        menu = QMenu(self._view)
        menu.setObjectName("plot_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Copy picture and numbers", self.copy)
        menu.addAction("Save picture and numbers…", lambda: ask_and_save(self._plot))
        return menu

    def copy(self) -> None:
        """Picture and numbers to the clipboard."""
        QGuiApplication.clipboard().setMimeData(clipboard_content(self._plot))


def ask_and_save(plot: Plot) -> tuple[Path, Path] | None:
    """Ask for a name, then write the picture and, as CSV beside it, its numbers; None if nothing was written."""
    chosen, kind = QFileDialog.getSaveFileName(plot.window(), "Save the plot", "plot.svg", _FILTERS)
    if not chosen:
        return None
    target = Path(chosen)
    if target.suffix.lower().removeprefix(".") not in FORMATS:
        target = target.with_name(f"{target.name}.{kind.partition(' ')[0].lower() or FORMATS[0]}")
    try:
        return save_picture(plot, target)
    except OSError as error:
        warning = QMessageBox(
            QMessageBox.Icon.Warning,
            "Not saved",
            f"{target.name} can't be written: {error.strerror}",
            parent=plot.window(),
        )
        warning.open()
        return None
