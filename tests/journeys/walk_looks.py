"""Opens a window in each look, changes both by the menu, and holds each screen against that of the other window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from tests.widgets.test_theme import contrast

LEAST_CONTRAST = 4.5
"""Of text against its ground: WCAG 2.2, success criterion 1.4.3; it exempts what can't be used now."""

FEWEST_SIGNS = 3
WINDOWS = (
    "keys",
    "key_sheet",
    "preferences",
    "protocols",
    "density_curves",
    "network",
    "crosscheck",
    "deidentify",
    "follow_up",
    "compare_revisions",
    "palette",
    "about",
)
"""Acts that open a window of their own."""


def texts_of_low_contrast(window: QWidget, picture: QImage) -> list[str]:
    """Labels and buttons in view whose text can't be read well on what is really painted behind it."""
    ratio = picture.devicePixelRatio()
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    shades = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1) & 0xFFFFFF
    faults = []
    for widget in window.findChildren(QWidget):
        if not isinstance(widget, (QLabel, QAbstractButton)) or not widget.isEnabled():
            continue
        # Single thin strokes have no pixel of the text's own colour.
        if sum(sign.isalnum() for sign in widget.text()) < FEWEST_SIGNS:
            continue
        seen = widget.visibleRegion().boundingRect()
        # Of what is scrolled half out of sight, the strokes may be outside.
        if not widget.isVisible() or seen.width() < 8 or seen.height() < max(8, 0.9 * widget.height()):
            continue
        corner = widget.mapTo(window, seen.topLeft())
        rows, columns = (
            ((start + np.arange(1, length - 1)) * ratio).astype(int)
            for start, length in ((corner.y(), seen.height()), (corner.x(), seen.width()))
        )
        found, numbers = np.unique(shades[np.ix_(rows, columns)], return_counts=True)
        pixels = [f"#{shade:06x}" for shade in found]
        ground = pixels[int(np.argmax(numbers))]
        # The best of what is painted there: the middle of a stroke has the colour of the text.
        reached = max(contrast(shade, ground) for shade in pixels)
        if reached < LEAST_CONTRAST:
            faults.append(f"{widget.objectName() or type(widget).__name__} {widget.text()[:30]!r}: {reached:.2f}")
    return faults


def walk(folder: str) -> int:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QAction

    from app.main import make_application
    from app.main_window import MainWindow
    from app.reviews import STEP_KEYS
    from app.screenshots import wait_until_idle
    from app.session import empty_case
    from app.theme_choice import take_theme
    from widgets.page_view import PageView

    faults: list[str] = []

    def screens(window: MainWindow, *, read: bool = False) -> dict[str, QImage]:
        seen: dict[str, QImage] = {}
        for step in STEP_KEYS:
            window.go_to(step)
            wait_until_idle(window)
            for page in window.findChildren(PageView):
                # White paper in every look, with the instant of the calculation on it.
                page.hide()
            seen[step] = window.grab().toImage()
            if read:
                faults.extend(f"{step}: {fault}" for fault in texts_of_low_contrast(window, seen[step]))
        return seen

    def read_windows(window: MainWindow, look: str) -> None:
        for act in WINDOWS:
            before = set(QApplication.topLevelWidgets())
            window.actions_table.actions[act].trigger()
            wait_until_idle(window)
            made = [top for top in QApplication.topLevelWidgets() if top not in before and top.isVisible()]
            if not made:
                faults.append(f"{look}: {act} opens no window")
            for top in made:
                found = texts_of_low_contrast(top, top.grab().toImage())
                faults.extend(f"{look}, {act}: {fault}" for fault in found)
                top.close()

    def opened() -> MainWindow:
        window = MainWindow(empty_case())
        window.resize(QSize(1366, 768))
        window.show()
        window.opening.open_path(Path(folder))
        wait_until_idle(window, second_opinion=True)
        return window

    make_application()
    started: dict[str, dict[str, QImage]] = {}
    changed: dict[str, dict[str, QImage]] = {}
    for look, other in (("light", "dark"), ("dark", "light")):
        take_theme(look)
        window = opened()
        # Each step once before: the first look at a step may still make room for what it shows.
        screens(window)
        started[look] = screens(window)
        action = window.findChild(QAction, f"action_theme_{other}")
        assert action is not None
        action.trigger()
        changed[other] = screens(window, read=True)
        read_windows(window, other)
        window.close()
    same = [step for step in STEP_KEYS if started["light"][step] == changed["dark"][step]]
    different = [
        f"{look} {step}" for look in started for step in STEP_KEYS if started[look][step] != changed[look][step]
    ]
    print(f"look as before: {same}; other than from the start: {different}")
    print("\n".join(faults))
    return 1 if same or different or faults else 0
