"""Opens the window of follow-up from the main window; there is one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.follow_up.window import FollowUpWindow
    from app.main_window import MainWindow


def show_follow_up(window: MainWindow, page: str = "") -> FollowUpWindow:
    """The window of follow-up, made when it is first needed; ``page`` names a tab to go to."""
    from app.follow_up.window import FollowUpWindow

    shown = window.findChild(FollowUpWindow, "follow_up_window") or FollowUpWindow(window.session, window)
    if page:
        shown.show_page(page)
    shown.refresh()
    shown.show()
    shown.raise_()
    shown.activateWindow()
    return shown
