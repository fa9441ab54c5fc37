"""Opens the archive window and the preferences, where its nodes are edited, on a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.network.window import NetworkWindow
from app.operations.data_folder import data_folder, make_private
from app.preferences_window import PreferencesWindow

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.window_acts import WindowActs


def show_network(window: MainWindow, acts: WindowActs) -> NetworkWindow:
    """The department's archive: query, retrieve, send, receive."""
    session = window.session
    shown = NetworkWindow(
        make_private(data_folder()),
        session.jobs,
        patient_id=session.case.patient.patient_id,
        evaluation=lambda: session.planned if session.is_current else None,
        plan=session.plan_to_send,
        parent=window,
    )
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.came.connect(acts.list_folder)

    def edit_nodes() -> None:
        saved = show_preferences(window, acts).nodes.saved
        saved.connect(shown.nodes.reread, Qt.ConnectionType.UniqueConnection)

    shown.nodes_wanted.connect(edit_nodes)
    shown.show()
    return shown


def show_preferences(window: MainWindow, acts: WindowActs) -> PreferencesWindow:
    """Nodes of the archive, the look, keys and mouse.

    The window that is open already comes to the front: a second one would write back the nodes that it read.
    """
    for known in window.findChildren(PreferencesWindow):
        if known.isVisible():
            known.raise_()
            known.activateWindow()
            return known
    session = window.session
    shown = PreferencesWindow(make_private(data_folder()), session.jobs, theme=session.preferences.theme, parent=window)
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.theme_chosen.connect(acts.choose_theme)
    shown.keys_wanted.connect(acts.change_keys)
    shown.show()
    return shown
