"""Opens the window in one look, changes it by the menu, and holds each screen against a window opened in the other."""

from __future__ import annotations

from pathlib import Path


def walk(folder: str, look: str) -> int:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QAction, QImage

    from app.main import make_application
    from app.main_window import MainWindow
    from app.reviews import STEP_KEYS
    from app.screenshots import wait_until_idle
    from app.session import empty_case
    from app.theme_choice import take_theme
    from widgets.page_view import PageView

    def screens(window: MainWindow) -> dict[str, QImage]:
        seen: dict[str, QImage] = {}
        for step in STEP_KEYS:
            window.go_to(step)
            wait_until_idle(window)
            for page in window.findChildren(PageView):
                # White paper in every look, with the instant of the calculation on it.
                page.hide()
            seen[step] = window.grab().toImage()
        return seen

    def opened() -> MainWindow:
        window = MainWindow(empty_case())
        window.resize(QSize(1366, 768))
        window.show()
        window.opening.open_path(Path(folder))
        wait_until_idle(window, second_opinion=True)
        return window

    make_application()
    take_theme("light" if look == "dark" else "dark")
    changed = opened()
    before = screens(changed)
    action = changed.findChild(QAction, f"action_theme_{look}")
    assert action is not None
    action.trigger()
    after = screens(changed)
    changed.close()
    from_the_start = opened()
    screens(from_the_start)
    fresh = screens(from_the_start)
    same = [step for step in STEP_KEYS if after[step] == before[step]]
    other = [step for step in STEP_KEYS if after[step] != fresh[step]]
    print(f"look as before: {same}; other than from the start: {other}")
    return 1 if same or other else 0
