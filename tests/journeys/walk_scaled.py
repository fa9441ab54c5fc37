"""Opens the window in a process of its own, whose scale factor is set before Qt starts, and walks it."""

from __future__ import annotations

import itertools
from pathlib import Path


def walk(folder: str) -> int:
    from PySide6.QtCore import QSize

    from app.main import make_application
    from app.main_window import MainWindow
    from app.reviews import STEP_KEYS
    from app.screenshots import wait_until_idle
    from app.session import empty_case
    from app.steps.voi_step import VoiStep
    from app.theme_choice import take_theme
    from app.view_state import LAYOUTS
    from tests.app.layout_walk import faults
    from tests.journeys.bars_above import both_bars

    make_application()
    window = MainWindow(empty_case())
    window.resize(QSize(1366, 768))
    window.show()
    assert window.devicePixelRatioF() == 2.0
    window.opening.open_path(Path(folder))
    wait_until_idle(window, second_opinion=True)
    assert window.session.is_current
    found: list[str] = []
    sizes = (QSize(1280, 720), QSize(1366, 768), QSize(1920, 1080))
    for look, size in itertools.product(("dark", "light"), sizes):
        take_theme(look)
        window.resize(size)
        for step in STEP_KEYS:
            window.go_to(step)
            wait_until_idle(window)
            assert window.size() == size
            found += [f"{look}, {size.width()}, {step}: {fault}" for fault in faults(window)]
        window.go_to("voi")
        views = window.step("voi")
        assert isinstance(views, VoiStep)
        for layout in LAYOUTS:
            views.show_layout(layout)
            wait_until_idle(window)
            found += [f"{look}, {size.width()}, voi, {layout}: {fault}" for fault in faults(window)]
            with both_bars(window):
                wait_until_idle(window)
                found += [f"{look}, {size.width()}, voi, {layout}, bars: {fault}" for fault in faults(window)]
    print("\n".join(found))
    window.close()
    return 1 if found else 0
