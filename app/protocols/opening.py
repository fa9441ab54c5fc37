"""Opens the protocols from the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.operations.data_folder import data_folder

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.protocols.editor_window import ProtocolWindow


def open_protocols(window: MainWindow) -> ProtocolWindow:
    """The window of protocols; who saves one is whoever is working."""
    from app.protocols.editor_window import ProtocolWindow

    keeping, session = window.keeping, window.session
    shown = ProtocolWindow(
        data_folder(),
        lambda: None if keeping is None else keeping.courses.person,
        lambda: session.evaluation,
        window,
    )
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if keeping is not None:
        shown.person_needed.connect(keeping.panel.demand)
    shown.saved.connect(lambda _own: window.step("course").refresh())
    shown.show()
    return shown
